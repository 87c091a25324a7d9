// Painters: one per shape of evidence. paint(g, at, item, look, memory, chosen): g is a 2-D context clipped to the frame,
// `at` maps data to px, `chosen` marks members by index where some are selected. Only plain paths, text and drawImage are
// used, so that g may as well write SVG.

// A pinned run has an ink, dashes and a mark of its own: colour is never the only cue.
const slotOf = item => +(/^pin([1-4])$/.exec(item.side)?.[1] ?? 0)
const DASHES = [[6, 4], [1.8, 2.4], [11, 3], [9, 3, 2, 3], [9, 3, 2, 3, 2, 3]]
const FADED = 0.22

function otherPen(g, item, look, width) {
  // The stroke of what was not seen in this run: theory, or a pinned run.
  const slot = slotOf(item)
  g.strokeStyle = slot ? look.pins[slot] : look.accent; g.lineWidth = (slot ? 1.4 : width) * look.k
  g.setLineDash(DASHES[slot].map(d => d * look.k))
}

function slotMark(g, slot, x, y, r) {
  // The mark of a slot as a closed path: circle, square, diamond, triangle.
  const corners = [[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]], [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]], [[0, -1.3], [1.2, 0.9], [-1.2, 0.9]]][slot - 2]
  if (!corners) { g.moveTo(x + r, y); g.arc(x, y, r, 0, 2 * Math.PI); return }
  corners.forEach(([u, v], i) => i ? g.lineTo(x + r * u, y + r * v) : g.moveTo(x + r * u, y + r * v)); g.lineTo(x + r * corners[0][0], y + r * corners[0][1])
}

function stacked(items) {
  // Pinned runs lie over the fields and under everything else.
  const pins = items.filter(slotOf), own = items.filter(i => !slotOf(i)), fields = own.findLastIndex(i => i.type === 'Field' || i.type === 'ComplexField') + 1
  return pins.length ? [...own.slice(0, fields), ...pins, ...own.slice(fields)] : items
}

function stretches(chosen, n) {
  // Stretches of neighbours that are selected: [first, last], …
  const out = []
  for (let i = 0; i < n; i++) if (chosen[i]) { if (i && chosen[i - 1]) out.at(-1)[1] = i; else out.push([i, i]) }
  return out
}

const PAINT = {
  Field(g, at, item, look, memory) {
    if (slotOf(item)) outline(g, at, item, look, memory); else raster(g, at, item, look.tables[item.plain.signed ? 'signed' : 'positive'], memory)
  },

  ComplexField(g, at, item, look, memory) {
    if (slotOf(item)) { outline(g, at, item, look, memory); return }
    raster(g, at, item, look.tables.phase, memory)
    if (look.isophase) isophase(g, at, item, look, memory)
  },

  Series(g, at, item, look, memory, chosen) {
    const [curves, n] = item.shape.y, { x, y, plain } = item, other = item.side !== 'seen'
    if (!n) return
    const line = (c, from = 0, to = n - 1) => { g.beginPath(); for (let i = from, o = c * n; i <= to; i++) { const px = at.x(x[i]), py = at.y(y[o + i]); i > from ? g.lineTo(px, py) : g.moveTo(px, py) } }
    g.lineJoin = 'round'
    for (let c = 0; c < curves; c++) {
      const role = plain.roles?.[c] || 'ink'
      if (other) { otherPen(g, item, look, 1.8); line(c); g.stroke(); g.setLineDash([]); continue }
      if (chosen) g.globalAlpha = FADED
      if (role === 'production' || role === 'destruction') {
        line(c); g.lineTo(at.x(x[n - 1]), at.y(0)); g.lineTo(at.x(x[0]), at.y(0))
        g.fillStyle = look[role]; g.globalAlpha = look.dark ? 0.34 : 0.24; g.fill(); g.globalAlpha = 1
        g.strokeStyle = look[role]; g.lineWidth = 1.4 * look.k; line(c); g.stroke()
      } else { g.strokeStyle = look.ink; g.lineWidth = (role === 'net' ? 2.4 : 1.6) * look.k; line(c); g.stroke() }
      g.globalAlpha = 1
      if (chosen) for (const [from, to] of stretches(chosen, n)) { line(c, from, to); stretch(g, look, from < to ? null : [at.x(x[from]), at.y(y[c * n + from])]) }
    }
    if (!other && plain.roles?.includes('production')) {
      g.strokeStyle = look.line2; g.lineWidth = 1
      g.beginPath(); g.moveTo(at.left, at.y(0)); g.lineTo(at.right, at.y(0)); g.stroke()
    }
  },

  Cloud(g, at, item, look, memory, chosen) {
    const p = item.points, n = p.length / 2, slot = slotOf(item), hue = slot ? look.pins[slot] : look.accent
    if (item.plain.role === 'tracer') {
      for (let i = 0; i < n; i++) {
        const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]), r = 6.5 * look.k
        const ring = (colour, width) => { g.beginPath(); slotMark(g, slot || 1, x, y, r); g.strokeStyle = colour; g.lineWidth = width * look.k; g.stroke() }
        ring(look.surface, 5); ring(hue, slot ? 1.8 : 2.4)
        if (!slot) { g.beginPath(); g.arc(x, y, 1.8 * look.k, 0, 7); g.fillStyle = hue; g.fill() }
      }
      return
    }
    const r = (slot ? 1.8 : 1.35) * look.k
    const dots = (which, r) => {
      g.beginPath()
      for (let i = 0; i < n; i++) if (which(i)) { const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]); if (slot) slotMark(g, slot, x, y, r); else { g.moveTo(x + r, y); g.arc(x, y, r, 0, 6.2832) } }
    }
    dots(i => !chosen?.[i], r)
    g.globalAlpha = chosen ? FADED : slot ? 0.8 : 0.62
    if (item.side === 'seen') { g.fillStyle = look.ink; g.fill() } else { g.strokeStyle = hue; g.lineWidth = look.k; g.stroke() }
    g.globalAlpha = 1
    if (chosen) { dots(i => chosen[i], 1.7 * r); g.strokeStyle = look.surface; g.lineWidth = 2 * look.k; g.stroke(); g.fillStyle = look.accent; g.fill() }
  },

  MetricField(g, at, item, look) {
    const { at: at_, drift, radius, resolved, plain } = item, n = at_.length / 2, s = plain.scale ?? 1, slot = slotOf(item)
    for (const pass of slot ? [1] : [0, 1]) {
      g.beginPath()
      for (let i = 0; i < n; i++) {
        if (resolved[i] !== pass) continue
        const X = at_[2 * i], Y = at_[2 * i + 1], vx = drift[2 * i], vy = drift[2 * i + 1]
        const [a, b, c, d] = radius.subarray(4 * i, 4 * i + 4)
        for (let q = 0; q <= 36; q++) {
          const u = Math.cos(q * Math.PI / 18), w = Math.sin(q * Math.PI / 18)
          const px = at.x(X + s * (vx + a * u + b * w)), py = at.y(Y + s * (vy + c * u + d * w))
          q ? g.lineTo(px, py) : g.moveTo(px, py)
        }
        g.moveTo(at.x(X), at.y(Y)); g.lineTo(at.x(X + s * vx), at.y(Y + s * vy))
      }
      if (slot) { otherPen(g, item, look); g.lineWidth = 1.2 * look.k; g.stroke(); g.setLineDash([]); continue }
      g.strokeStyle = pass ? look.ink : look.ink3; g.globalAlpha = pass ? 0.72 : 0.3; g.lineWidth = 1.1 * look.k; g.stroke()
      g.beginPath()
      for (let i = 0; i < n; i++) if (resolved[i] === pass) { const x = at.x(at_[2 * i]), y = at.y(at_[2 * i + 1]); g.moveTo(x + 1.5 * look.k, y); g.arc(x, y, 1.5 * look.k, 0, 7) }
      g.fillStyle = look.ink; g.fill(); g.globalAlpha = 1
    }
  },

  Paths(g, at, item, look, memory, chosen) {
    if (!item.points) return                                  // a static one is in the figure
    const p = item.points, starts = item.starts, n = p.length / 2, other = item.side !== 'seen', { role } = item.plain
    const step = (i, from) => { const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]); i > from ? g.lineTo(x, y) : g.moveTo(x, y) }
    const ends = Array.from(starts, (_, k) => k + 1 < starts.length ? starts[k + 1] : n)
    g.beginPath()
    for (let k = 0; k < starts.length; k++) for (let i = starts[k]; i < ends[k]; i++) step(i, starts[k])
    g.lineJoin = 'round'
    if (other) { otherPen(g, item, look, 1.6); g.stroke(); g.setLineDash([]); return }
    g.strokeStyle = role === 'contour' ? look.contour : look.ink
    g.lineWidth = (role === 'geodesic' ? 2.8 : role === 'contour' ? 0.9 : 1.6) * look.k
    if (chosen) g.globalAlpha = FADED
    g.stroke(); g.globalAlpha = 1
    if (chosen) for (let k = 0; k < starts.length; k++) {
      const o = starts[k], length = ends[k] - o, here = i => chosen[isClosed(p, o, ends[k]) && i === length - 1 ? 0 : i]
      for (const [from, to] of stretches(Uint8Array.from({ length }, (_, i) => here(i)), length)) {
        g.beginPath(); for (let i = from; i <= to; i++) step(o + i, o + from)
        stretch(g, look, from < to ? null : [at.x(p[2 * (o + from)]), at.y(p[2 * (o + from) + 1])])
      }
    }
  },
}

const isClosed = (p, from, to) => to - from > 2 && p[2 * from] === p[2 * to - 2] && p[2 * from + 1] === p[2 * to - 1]

function stretch(g, look, alone) {
  // Selected members on a line: the stretch that was laid out, or a dot where one stands alone.
  if (alone) { g.beginPath(); g.arc(...alone, 2.2 * look.k, 0, 7); g.fillStyle = look.accent; g.fill(); return }
  g.strokeStyle = look.accent; g.lineWidth = 3 * look.k; g.stroke()
}

function outline(g, at, item, look, memory) {
  // A pinned run's field is the line at half its limit.
  trace(g, at, item, traced(item, at, memory, halfway))
  otherPen(g, item, look); g.lineJoin = 'round'; g.stroke(); g.setLineDash([])
}

function raster(g, at, item, table, memory) {
  // A field's indices through a table of pixels, stretched over its extent.
  const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent, v = item.values
  if (memory.nx !== nx || memory.ny !== ny) {
    memory.canvas = new OffscreenCanvas(nx, ny); memory.context = memory.canvas.getContext('2d')
    memory.image = new ImageData(nx, ny); memory.pixels = new Uint32Array(memory.image.data.buffer)
    Object.assign(memory, { nx, ny })
  }
  const p = memory.pixels
  for (let i = 0; i < nx; i++) for (let j = 0, o = (ny - 1) * nx + i, s = i * ny; j < ny; j++, o -= nx) p[o] = table[v[s + j]]
  memory.context.putImageData(memory.image, 0, 0)
  g.imageSmoothingEnabled = true
  const left = at.x(x0), top = at.y(y1)
  g.drawImage(memory.canvas, left, top, at.x(x1) - left, at.y(y0) - top)
}

function nameCurves(g, at, items, look, called) {
  // Direct labels at the right end of each curve, in as many lines as they need, pushed apart where they would touch. A
  // pinned run is named once, called(slot), at the curve that matters most.
  const labels = [], line = 13.5 * look.k, seen = new Set()
  for (const item of items) {
    if (item.type !== 'Series' || !item.shape.y[1]) continue
    const n = item.shape.y[1], theory = item.side === 'theory', slot = slotOf(item), y = c => at.y(item.y[c * n + n - 1])
    g.font = `${theory || slot ? 500 : 600} ${11.5 * look.k}px ${look.sans}`
    if (slot) {
      if (seen.has(slot)) continue
      seen.add(slot)
      const label = at.room < 40 ? String(slot) : fitted(g, `${slot} ${called(slot)}`, Math.floor(at.room))
      labels.push({ font: g.font, lines: [label], h: line + 2, y: y(Math.max(0, item.plain.roles?.indexOf('net') ?? 0)), colour: look.pins[slot] })
    } else item.plain.names.forEach((name, c) => {
      if (!name) return
      const lines = wrap(g, theory && seen.has(name) ? 'theory' : name, at.room)
      seen.add(name)
      labels.push({ font: g.font, lines, h: lines.length * line + 2, y: y(c), colour: theory ? look.accent : look[item.plain.roles?.[c]] ?? look.ink })
    })
  }
  labels.sort((a, b) => a.y - b.y)
  let below = labels.reduce((h, l) => h + l.h, 0), edge = at.top
  g.textBaseline = 'middle'; g.textAlign = 'left'
  for (const l of labels) {
    const top = Math.max(edge, Math.min(l.y - l.h / 2, at.bottom - below))
    g.font = l.font; g.fillStyle = l.colour
    l.lines.forEach((s, i) => g.fillText(s, at.right + 8 * look.k, top + line * (i + 0.5), at.room))
    edge = top + l.h; below -= l.h
  }
}

const FITTED = new Map()

function fitted(g, name, room) {
  // As much of a name as there is room for.
  const key = g.font + room + name
  if (!FITTED.has(key)) {
    let cut = name
    while (cut.length > 1 && g.measureText(cut === name ? name : cut + '…').width > room) cut = cut.slice(0, -1)
    FITTED.set(key, cut === name ? name : cut.trimEnd() + '…')
  }
  return FITTED.get(key)
}

function wrap(g, name, room) {
  const lines = ['']
  for (const word of name.split(' ')) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word
    if (g.measureText(longer).width <= room || !lines.at(-1)) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
