// Painters: one per shape of evidence. paint(g, at, item, look, memory): g is a 2-D context clipped to the frame, `at`
// maps data to px.

const PAINT = {
  Field(g, at, item, look, memory) { raster(g, at, item, look.tables[item.plain.signed ? 'signed' : 'positive'], memory) },

  ComplexField(g, at, item, look, memory) { raster(g, at, item, look.tables.phase, memory) },

  Series(g, at, item, look) {
    const [curves, n] = item.shape.y, { x, y, plain } = item
    if (!n) return
    const line = c => { g.beginPath(); for (let i = 0, o = c * n; i < n; i++) g.lineTo(at.x(x[i]), at.y(y[o + i])) }
    g.lineJoin = 'round'
    for (let c = 0; c < curves; c++) {
      const role = plain.roles?.[c] || 'ink'
      if (item.side === 'theory') { g.setLineDash([6 * look.k, 4 * look.k]); g.strokeStyle = look.accent; g.lineWidth = 1.8 * look.k; line(c); g.stroke(); g.setLineDash([]); continue }
      if (role === 'production' || role === 'destruction') {
        line(c); g.lineTo(at.x(x[n - 1]), at.y(0)); g.lineTo(at.x(x[0]), at.y(0)); g.closePath()
        g.fillStyle = look[role]; g.globalAlpha = look.dark ? 0.34 : 0.24; g.fill(); g.globalAlpha = 1
        g.strokeStyle = look[role]; g.lineWidth = 1.4 * look.k; line(c); g.stroke()
      } else { g.strokeStyle = look.ink; g.lineWidth = (role === 'net' ? 2.4 : 1.6) * look.k; line(c); g.stroke() }
    }
    if (item.side !== 'theory' && plain.roles?.includes('production')) {
      g.strokeStyle = look.line2; g.lineWidth = 1
      g.beginPath(); g.moveTo(at.left, at.y(0)); g.lineTo(at.right, at.y(0)); g.stroke()
    }
  },

  Cloud(g, at, item, look) {
    const p = item.points, n = p.length / 2
    if (item.plain.role === 'tracer') {
      for (let i = 0; i < n; i++) {
        const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]), r = 6.5 * look.k
        const ring = (colour, width) => { g.beginPath(); g.arc(x, y, r, 0, 7); g.strokeStyle = colour; g.lineWidth = width * look.k; g.stroke() }
        ring(look.surface, 5); ring(look.accent, 2.4)
        g.beginPath(); g.arc(x, y, 1.8 * look.k, 0, 7); g.fillStyle = look.accent; g.fill()
      }
      return
    }
    const r = 1.35 * look.k
    g.beginPath()
    for (let i = 0; i < n; i++) { const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]); g.moveTo(x + r, y); g.arc(x, y, r, 0, 6.2832) }
    g.globalAlpha = 0.62
    if (item.side === 'theory') { g.strokeStyle = look.accent; g.lineWidth = look.k; g.stroke() } else { g.fillStyle = look.ink; g.fill() }
    g.globalAlpha = 1
  },

  MetricField(g, at, item, look) {
    const { at: at_, drift, radius, resolved, plain } = item, n = at_.length / 2, s = plain.scale ?? 1
    for (const pass of [0, 1]) {
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
      g.strokeStyle = pass ? look.ink : look.ink3; g.globalAlpha = pass ? 0.72 : 0.3; g.lineWidth = 1.1 * look.k; g.stroke()
      g.beginPath()
      for (let i = 0; i < n; i++) if (resolved[i] === pass) { const x = at.x(at_[2 * i]), y = at.y(at_[2 * i + 1]); g.moveTo(x + 1.5 * look.k, y); g.arc(x, y, 1.5 * look.k, 0, 7) }
      g.fillStyle = look.ink; g.fill(); g.globalAlpha = 1
    }
  },

  Paths(g, at, item, look) {
    if (!item.points) return                                  // a static one is in the figure
    const p = item.points, starts = item.starts, n = p.length / 2, ghost = item.side === 'theory'
    g.beginPath()
    for (let k = 0; k < starts.length; k++) {
      const to = k + 1 < starts.length ? starts[k + 1] : n
      for (let i = starts[k]; i < to; i++) { const x = at.x(p[2 * i]), y = at.y(p[2 * i + 1]); i > starts[k] ? g.lineTo(x, y) : g.moveTo(x, y) }
    }
    const contour = item.plain.role === 'contour'
    g.strokeStyle = ghost ? look.accent : contour ? look.contour : look.ink
    g.lineWidth = (ghost ? 1.6 : item.plain.role === 'geodesic' ? 2.8 : contour ? 0.9 : 1.6) * look.k
    g.lineJoin = 'round'; g.setLineDash(ghost ? [6 * look.k, 4 * look.k] : []); g.stroke(); g.setLineDash([])
  },
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

function nameCurves(g, at, items, look) {
  // Direct labels at the right end of each curve, in as many lines as they need, pushed apart where they would touch.
  const labels = [], line = 13.5 * look.k, seen = new Set()
  for (const item of items) {
    if (item.type !== 'Series' || !item.shape.y[1]) continue
    const n = item.shape.y[1], theory = item.side === 'theory'
    item.plain.names.forEach((name, c) => {
      if (!name) return
      g.font = `${theory ? 500 : 600} ${11.5 * look.k}px ${look.sans}`
      const lines = wrap(g, theory && seen.has(name) ? 'theory' : name, at.room)
      seen.add(name)
      labels.push({ font: g.font, lines, h: lines.length * line + 2, y: at.y(item.y[c * n + n - 1]), colour: theory ? look.accent : look[item.plain.roles?.[c]] ?? look.ink })
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

function wrap(g, name, room) {
  const lines = ['']
  for (const word of name.split(' ')) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word
    if (g.measureText(longer).width <= room || !lines.at(-1)) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}
