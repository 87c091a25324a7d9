// The live layer: asks the feed for frames and paints what moves, under figures that HoloViews built.
//
// Each figure is transparent; beneath it lies one canvas of ours. From a figure we read only its public ranges and the
// box of its frame, so pan, zoom, resize, hover and brush stay Bokeh's, and no paint of Bokeh's is replaced. Frames
// never pass through Python: the worker's bytes arrive on a websocket and leave as pixels.

const STALE = 500          // ms without a frame, while playing, after which a picture says how old it is
const SILENCE = 5000       // ms after which an open connection that owes a frame is opened anew
const READOUTS = 250       // ms between two updates of numbers that people read
const ADDRESS = 1000       // ms between two updates of the address bar
const PATIENCE = 1000      // ms a picture waits for a figure with the contours of its frame
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array }

// ---- the look ---------------------------------------------------------------------------------------------------------

const mode = () => document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'

class Look {
  // Tokens as computed by the style sheet, and colour maps as tables of pixels, for the theme of this moment.
  constructor(palettes) { this.palettes = palettes; this.read() }

  read() {
    const style = getComputedStyle(document.documentElement)
    const token = name => style.getPropertyValue('--' + name).trim()
    this.k = parseFloat(token('k')) || 1
    for (const name of ['ink', 'ink2', 'ink3', 'surface', 'line2', 'accent', 'production', 'destruction', 'contour',
      'unresolved', 'fails']) this[name] = token(name)
    this.sans = token('sans'); this.serif = token('serif')
    this.colours = this.palettes[mode()]
    this.tables = Object.fromEntries(['signed', 'positive'].map(k => [k, pixels([...this.colours[k], this.unresolved])]))
    this.tables.phase = domain(this.colours.phase, this.surface)
    this.dark = mode() === 'dark'
  }
}

function pixels(colours) {
  const table = new Uint32Array(256)
  colours.forEach((c, i) => {
    const v = parseInt(c.slice(1), 16)
    table[i] = (255 << 24 | (v & 255) << 16 | (v >> 8 & 255) << 8 | v >> 16) >>> 0
  })
  return table
}

function domain(hues, paper) {
  // Pixels of a complex value sent as 256 phase + modulus: modulus 0 is exactly the paper, 255 the hue of the phase.
  const rgb = c => [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16)), ground = rgb(paper), table = new Uint32Array(65536)
  hues.forEach((hue, p) => {
    const full = rgb(hue)
    for (let m = 0; m < 256; m++) {
      const [r, g, b] = full.map((c, i) => Math.round(ground[i] + (c - ground[i]) * m / 255))
      table[256 * p + m] = (255 << 24 | b << 16 | g << 8 | r) >>> 0
    }
  })
  return table
}

// ---- messages ---------------------------------------------------------------------------------------------------------

function parse(buffer) {
  // uint32 length · JSON header · buffers, each aligned to 8 bytes (weltnet.codec).
  const n = new DataView(buffer).getUint32(0, true), base = 4 + n
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)))
  for (const item of frame.items) {
    for (const [name, a] of Object.entries(item.arrays)) {
      const length = a.shape.reduce((x, y) => x * y, 1)
      item[name] = new ARRAYS[a.dtype](buffer, base + a.offset, length)
      item.shape = { ...item.shape, [name]: a.shape }
    }
  }
  return frame
}

export function text(x, error = 0) {
  // As weltnet_app.theme.number: the digits its error allows, else four; a true minus.
  if (!Number.isFinite(x)) return '–'
  let s
  if (error > 0 && Math.max(Math.abs(x), error) < 1e-3) s = x.toExponential(1)
  else if (error > 0) {
    const digits = Math.max(0, Math.min(Math.abs(x) < 0.01 ? 6 : 4, 1 - Math.floor(Math.log10(error))))
    s = Math.abs(x) < 1e5 ? x.toFixed(digits) : x.toExponential(2)
  } else if (Number.isInteger(x) && Math.abs(x) < 1e6) s = String(x)
  else s = Math.abs(x) < 1e-4 || Math.abs(x) >= 1e6 ? x.toExponential(2) : String(+x.toPrecision(4))
  if (s.includes('e')) {
    const [m, p] = s.split('e')
    s = `${m}·10${[...String(+p)].map(c => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)]).join('')}`
  }
  return s.replace('-', '−')
}

const grouped = n => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')

// ---- painters: one per shape of evidence ------------------------------------------------------------------------------
// paint(g, at, item, look, memory): g is a 2-D context clipped to the frame, `at` maps data to px.

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

// ---- one plane --------------------------------------------------------------------------------------------------------

class Picture {
  constructor(plane, host, child, figure, page) {
    Object.assign(this, { plane, child, figure, page, memory: new Map(), items: [], read: 0 })
    const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); e.className = cls; Object.assign(e, props); parent.append(e); return e }
    this.root = make('figure', `plane${plane.square ? ' square' : ''}${plane.wide ? ' wide' : ''}`, host); this.root.dataset.testid = `plane-${plane.key}`
    const head = make('figcaption', 'head', this.root), title = this.titles = make('span', 'titles', head)
    make('span', 'title', title, { textContent: plane.title }); make('span', 'caption', title, { textContent: plane.caption, title: plane.caption })
    this.mark = make('span', 'brokenmark', head); this.mark.hidden = true
    this.legend = make('span', 'legend', head)
    this.readouts = make('span', 'readouts', head); this.readouts.dataset.testid = `readouts-${plane.key}`
    const save = make('button', 'save', head, { textContent: '↓', title: 'Save this picture as PNG', type: 'button' })
    save.setAttribute('aria-label', `Save ${plane.title} as PNG`); save.onclick = () => this.save()
    this.body = make('div', 'body', this.root); this.body.setAttribute('role', 'img'); this.body.setAttribute('aria-label', plane.alt)
    this.stage = make('div', 'stage', this.body)
    this.canvas = make('canvas', 'paint', this.stage); this.canvas.dataset.testid = `live-${plane.key}`
    this.canvas.setAttribute('aria-hidden', 'true')
    this.g = this.canvas.getContext('2d')
    this.stage.append(child); child.classList.add('bokehhost')
    this.empty = make('div', 'empty', this.stage, { textContent: plane.empty })
    this.watch = new ResizeObserver(() => this.fit()); this.watch.observe(this.body)
    const dirty = () => { this.dirty = true; page.wake() }
    for (const range of [figure.x_range, figure.y_range]) for (const end of ['start', 'end']) range.properties[end].change.connect(dirty)
    for (const size of ['inner_width', 'inner_height', 'outer_width', 'outer_height']) figure.properties[size].change.connect(dirty)
    this.recolour()
  }

  fit() {
    // A square plane gets the largest stage on which a unit is as long upwards as sideways.
    const { width: w, height: h } = this.body.getBoundingClientRect(), s = this.stage.style
    if (!w || !h) return
    let W = w, H = h
    if (this.plane.square) {
      const f = this.figure, dx = f.min_border_left + f.min_border_right, dy = f.min_border_top + f.min_border_bottom
      const a = (this.plane.x[1] - this.plane.x[0]) / (this.plane.y[1] - this.plane.y[0])
      const frame = Math.min(w - dx, (h - dy) * a)
      W = Math.floor(frame + dx); H = Math.floor(frame / a + dy)
    }
    s.width = W + 'px'; s.height = H + 'px'; s.left = Math.floor((w - W) / 2) + 'px'
    this.dirty = true; this.page.wake()
  }

  transform() {
    // The only reading of a figure: its ranges, and where its frame lies in it.
    const view = Bokeh.index.find_one(this.figure), box = view?.frame?.bbox
    if (!box || box.width < 2 || box.height < 2) return null
    const { start: x0, end: x1 } = this.figure.x_range, { start: y0, end: y1 } = this.figure.y_range
    const kx = box.width / (x1 - x0), ky = box.height / (y1 - y0), left = box.x, top = box.y, bottom = box.y + box.height
    return { left, top, bottom, right: left + box.width, width: box.width, height: box.height, x0, x1, y0, y1,
      room: Math.max(20, this.stage.clientWidth - left - box.width - 10), x: v => left + (v - x0) * kx, y: v => bottom - (v - y0) * ky }
  }

  paint() {
    const at = this.transform()
    if (!at) return
    const { g, canvas, stage } = this, look = this.page.look, r = this.page.ratio
    const W = Math.round(stage.clientWidth * r), H = Math.round(stage.clientHeight * r)
    if (canvas.width !== W || canvas.height !== H) { canvas.width = W; canvas.height = H }
    g.setTransform(r, 0, 0, r, 0, 0)
    g.clearRect(0, 0, stage.clientWidth, stage.clientHeight)
    const drawn = this.items.filter(i => PAINT[i.type])
    if (drawn.length) {
      g.save(); g.beginPath(); g.rect(at.left, at.top, at.width, at.height); g.clip()
      for (const item of drawn) {
        const id = item.side + item.key
        if (!this.memory.has(id)) this.memory.set(id, {})
        PAINT[item.type](g, at, item, look, this.memory.get(id))
      }
      this.paintRegion(g, at, look)
      g.restore()
      nameCurves(g, at, drawn, look)
    }
    this.dirty = false
    this.page.stats.painted[this.plane.key] = (this.page.stats.painted[this.plane.key] ?? 0) + 1
  }

  paintRegion(g, at, look) {
    const box = this.plane.region && this.page.params?.[this.plane.region]
    if (!box) return
    const [x0, y0, x1, y1] = [at.x(box[0]), at.y(box[1]), at.x(box[2]), at.y(box[3])]
    g.strokeStyle = look.accent; g.lineWidth = 1.6 * look.k; g.setLineDash([5 * look.k, 3 * look.k])
    g.beginPath()
    if (Math.abs(x1 - x0) < 3 && Math.abs(y1 - y0) < 3) { g.arc(x0, y0, 9 * look.k, 0, 7) } else g.rect(x0, y1, x1 - x0, y0 - y1)
    g.stroke(); g.setLineDash([])
  }

  show(items) {
    this.items = items; this.dirty = true
    const something = items.some(i => i.values?.length || i.points?.length || i.at?.length || i.y?.length || i.plain.static)
    if (this.empty.hidden !== something) this.empty.hidden = something
    const now = performance.now()
    if (now - this.read >= READOUTS) { this.read = now; this.tell(items) }
  }

  tell(items) {
    const scalars = items.filter(i => i.type === 'Scalar' && i.side === 'seen'), theory = new Map(items.filter(i => i.type === 'Scalar' && i.side === 'theory').map(i => [i.key, i]))
    const html = scalars.map(i => {
      const { symbol, value, error, unit } = i.plain, ghost = theory.get(i.key)
      return `<span data-testid="scalar-${safe(i.key)}"><i>${safe(symbol)}</i> <b>${text(value, error)}</b>${error ? ` ± ${text(error, error)}` : ''}${unit ? ` <small>${safe(unit)}</small>` : ''}${ghost ? ` <em title="theory">${ghost.plain.symbol === symbol ? 'theory' : safe(ghost.plain.symbol)} ${text(ghost.plain.value, ghost.plain.error)}</em>` : ''}</span>`
    }).join('')
    if (html !== this.told) { this.told = html; this.readouts.innerHTML = html }
    const fields = items.filter(i => i.type === 'Field' || i.type === 'ComplexField')
    const key = fields.map(i => i.plain.symbol + (i.plain.limits ?? i.plain.limit) + i.plain.unit).join() + mode()
    if (key !== this.legended) {
      this.legended = key; this.legend.replaceChildren()
      for (const { plain, type } of fields) {
        const bar = document.createElement('span'), { colours, surface } = this.page.look
        bar.className = 'scale'
        if (type === 'ComplexField') {
          // Phase runs counter-clockwise from the positive real axis, as in the plane; a conic gradient runs the other way.
          const hues = [...colours.phase.filter((_, i) => i % 16 === 0), colours.phase[0]].reverse()
          bar.innerHTML = `<i>${safe(plain.symbol)}</i><span class="wheel" title="hue: phase of ${safe(plain.symbol)}, 0 to the right; pale: modulus 0; full: ${text(plain.limit)}" style="background:radial-gradient(${surface},transparent 71%),conic-gradient(from 90deg,${hues})"></span>`
          this.legend.append(bar)
          continue
        }
        const c = colours[plain.signed ? 'signed' : 'positive']
        bar.innerHTML = `<i>${safe(plain.symbol)}</i><span>${text(plain.limits[0])}</span><span class="bar" style="background:linear-gradient(90deg,${[0, 63, 127, 191, 254].map(n => c[n])})"></span><span>${text(plain.limits[1])}${plain.unit ? ` <small>${safe(plain.unit)}</small>` : ''}</span>`
        this.legend.append(bar)
      }
    }
    // Once the numbers have needed lines of their own they keep them, so that no plot moves while they change.
    const numbers = [...this.readouts.children, ...this.legend.children].reduce((w, e) => w + e.offsetWidth + 14, 0), all = this.root.clientWidth - 48 * this.page.look.k
    if (!this.tall && numbers + this.titles.firstChild.offsetWidth > all) { this.tall = true; this.root.classList.add('tall') }
    if (!this.taller && this.tall && numbers > all) { this.taller = true; this.root.classList.add('taller') }
  }

  probe(x, y) {
    // What is under the pointer, in words, from the very arrays that were painted.
    const { plane } = this, out = [`${plane.symbols[0]} ${text(+x.toPrecision(4))}   ${plane.symbols[1]} ${text(+y.toPrecision(4))}`]
    for (const item of this.items) {
      if (item.type === 'Field') {
        const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent, [low, high] = item.plain.limits
        const i = Math.floor((x - x0) / (x1 - x0) * nx), j = Math.floor((y - y0) / (y1 - y0) * ny)
        if (i < 0 || j < 0 || i >= nx || j >= ny) continue
        const v = item.values[i * ny + j]
        out.push(v === 255 ? `${item.plain.symbol} not resolved` : `${item.plain.symbol} ${text(+(low + v / 254 * (high - low)).toPrecision(3))}${item.plain.unit ? ' ' + item.plain.unit : ''}`)
      } else if (item.type === 'ComplexField') {
        const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent
        const i = Math.floor((x - x0) / (x1 - x0) * nx), j = Math.floor((y - y0) / (y1 - y0) * ny)
        if (i < 0 || j < 0 || i >= nx || j >= ny) continue
        const v = item.values[i * ny + j]
        out.push(`|${item.plain.symbol}| ${text(+((v & 255) / 255 * item.plain.limit).toPrecision(3))}   arg ${Math.round((v >> 8) * 360 / 256)}°`)
      } else if (item.type === 'Series' && item.shape.y[1]) {
        const n = item.shape.y[1]
        let best = 0
        for (let i = 1; i < n; i++) if (Math.abs(item.x[i] - x) < Math.abs(item.x[best] - x)) best = i
        item.plain.names.forEach((name, c) => out.push(`${name || 'value'} ${text(+item.y[c * n + best].toPrecision(3))}`))
      } else if (item.type === 'Cloud' && item.plain.role !== 'tracer') out.push(`${grouped(item.plain.count)} in all, ${item.points.length / 2} drawn`)
    }
    return out.join('\n')
  }

  recolour() {
    // Contours are Bokeh glyphs: their colour is a property, all other Bokeh colours are in the style sheet.
    for (const r of this.figure.renderers) if (r.glyph?.tags?.includes('role:contour')) r.glyph.setv({ line_color: { value: this.page.look.contour } }, { sync: false })
    this.legended = ''
    const view = Bokeh.index.find_one(this.figure)
    view?.request_repaint?.()
    this.dirty = true
  }

  async blob() {
    // The picture as a person sees it: surface, our canvas, Bokeh's figure.
    const view = Bokeh.index.find_one(this.figure), layer = view.export('png', true).canvas
    const out = document.createElement('canvas'); out.width = layer.width; out.height = layer.height
    const g = out.getContext('2d'); g.fillStyle = this.page.look.surface; g.fillRect(0, 0, out.width, out.height)
    g.drawImage(this.canvas, 0, 0, out.width, out.height); g.drawImage(layer, 0, 0)
    return await new Promise(done => out.toBlob(done, 'image/png'))
  }

  async save() {
    const a = document.createElement('a'), { step, digest } = this.page.stats
    a.href = URL.createObjectURL(await this.blob()); a.download = `weltnet-${this.page.model.slug}-${this.plane.key}-step${step}-${digest}.png`; a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 1000)
  }
}

const safe = s => String(s).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

// ---- the feed ---------------------------------------------------------------------------------------------------------

class Feed {
  // Speaks first, holds one ask at a time, stops asking while the tab is hidden, and comes back after any silence.
  constructor(url, onframe) { Object.assign(this, { url, onframe, have: -1, wait: 1000, asked: false, closed: false }); this.connect() }

  connect() {
    if (this.closed) return
    const ws = this.ws = new WebSocket(this.url); ws.binaryType = 'arraybuffer'
    ws.onopen = () => { this.wait = 1000; this.asked = false; this.heard = performance.now(); this.ask() }
    ws.onmessage = e => { this.asked = false; this.heard = performance.now(); if (e.data instanceof ArrayBuffer) this.onframe(e.data) }
    ws.onclose = e => {
      this.asked = false
      if (e.code === 4404) { this.closed = true; this.ended = e.reason } else if (this.ws === ws && !this.closed) { this.timer = setTimeout(() => this.connect(), this.wait); this.wait = Math.min(5000, this.wait * 1.6) }
    }
  }

  get open() { return this.ws.readyState === 1 }

  ask() {
    if (this.asked || !this.open || document.hidden) return
    this.asked = true; this.ws.send(JSON.stringify({ have: this.have }))
  }

  // A connection that is open but mute for long is not trusted.
  doubt() { if (this.open && this.asked && performance.now() - this.heard > SILENCE) { this.heard = performance.now(); this.ws.close() } }

  close() { this.closed = true; clearTimeout(this.timer); this.ws.close() }
}

// ---- the page ---------------------------------------------------------------------------------------------------------

class Page {
  constructor(model, el) {
    this.model = model; this.state = model.state.data; this.look = new Look(model.palettes); this.pictures = []; this.off = []
    this.stats = window.weltnet = { params: () => this.params, toggle: () => this.toggle(), frames: 0, paints: 0, painted: {}, age: [], cost: [], fps: 0, step: 0, seq: -1, digest: '', time: 0, state: 'connecting',
      probe: (key, x, y) => this.pictures.find(p => p.plane.key === key)?.probe(x, y) ?? '',
      png: key => this.pictures.find(p => p.plane.key === key)?.blob(), text }
    this.ratio = Math.min(2, window.devicePixelRatio || 1)
    this.build(el)
    const path = location.pathname.replace(/\/[^/]*$/, '')
    this.feed = new Feed(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}/frames/${model.run}`, b => this.arrived(b))
    this.listen(document, 'visibilitychange', () => { if (!document.hidden) this.feed.ask() })
    this.listen(document, 'keydown', e => this.key(e))
    const themes = new MutationObserver(() => this.retheme()); themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
    this.off.push(() => themes.disconnect())
    const clock = setInterval(() => this.tick(), 250); this.off.push(() => clearInterval(clock))
    for (const p of Object.values(this.state.properties)) p.change.connect(() => { this.tick(); this.wake() })
    model.on('msg:custom', m => this.told(m))
    this.tick()
    document.fonts?.ready.then(() => this.relayout())
  }

  listen(target, name, f) { target.addEventListener(name, f); this.off.push(() => target.removeEventListener(name, f)) }

  build(el) {
    const { model } = this
    el.innerHTML = `<div class="page" data-testid="page" data-view="${model.view}">
      <div class="strip" data-testid="message" role="status" aria-live="polite" hidden></div>
      <header class="heading"></header>
      <section class="planes n${model.planes.length}${model.planes.slice(1).some(p => p.square) && model.planes.slice(1).some(p => !p.square) ? ' mixed' : ''}" aria-label="Pictures"></section>
      <section class="cards" aria-label="Verdicts"></section>
      <footer class="status" data-testid="status"></footer></div>`
    const $ = s => el.querySelector(s)
    Object.assign(this, { root: $('.page'), strip: $('.strip'), status: $('.status') })
    $('.heading').append(model.get_child('heading'), model.get_child('state'))
    for (const card of model.get_child('cards')) $('.cards').append(card)
    $('.cards').style.setProperty('--n', model.planes.cards ?? model.get_child('cards').length)
    const children = model.get_child('figures')
    model.planes.forEach((plane, i) => {
      const figure = [...model.figures[i].references()].find(m => m.tags?.includes(`weltnet:${plane.key}`))
      this.pictures.push(new Picture(plane, $('.planes'), children[i], figure, this))
    })
    this.progress = document.createElement('div'); this.progress.className = 'progress'; this.progress.dataset.testid = 'progress'
    this.progress.setAttribute('role', 'status'); this.progress.innerHTML = '<span></span><progress max="1" aria-label="Preparation"></progress>'; this.progress.hidden = true
    $('.planes').append(this.progress)
    this.status.innerHTML = `<span class="state" data-testid="state"><i></i><b></b></span><span>frame age <b data-testid="age">–</b></span><span><b data-testid="fps">–</b> fps</span>
      <span>seed <b data-testid="seed"></b></span><span>digest <b class="mono" data-testid="digest">–</b></span><span class="gap"></span><span class="calibrated"></span><span class="gap"></span><span data-testid="time"></span><span>step <b data-testid="step">0</b></span>`
    this.status.querySelector('.calibrated').append(model.get_child('calibrated'))
    this.spots = Object.fromEntries([...this.status.querySelectorAll('[data-testid]')].map(e => [e.dataset.testid, e]))
  }

  // -- frames

  arrived(buffer) {
    // One frame may travel while another waits for the screen: a browser that cannot keep up asks less often, and
    // nothing queues.
    const frame = parse(buffer), first = !this.pending
    this.pending = frame; this.feed.have = frame.seq
    if (first) this.feed.ask()
    this.wake()
  }

  wake() { if (!this.raf) this.raf = requestAnimationFrame(() => { this.raf = 0; this.frame() }) }

  frame() {
    const frame = this.pending, t = performance.now()
    if (frame) {
      const { layout } = this.state
      if (layout && frame.layout !== layout && (this.held ??= t) > t - PATIENCE) { setTimeout(() => this.wake(), 30); return }
      this.pending = this.held = null
      this.take(frame)
    }
    for (const p of this.pictures) if (p.dirty) p.paint()
    if (frame) { this.stats.paints++; this.cost(performance.now() - t); this.feed.ask() }
  }

  cost(ms) {
    const c = this.stats.cost; c.push(ms); if (c.length > 240) c.shift()
    // Device pixels are painted only while there is room for them.
    if (this.ratio > 1 && c.length >= 40 && [...c].sort((a, b) => a - b)[c.length >> 1] > 18) { this.ratio = 1; c.length = 0 }
  }

  take(frame) {
    const s = this.stats, now = performance.now()
    if (this.tookAt && now - this.tookAt < 5000) this.every = 0.9 * (this.every ?? now - this.tookAt) + 0.1 * (now - this.tookAt)
    this.params = frame.params; this.latest = frame; this.tookAt = now
    Object.assign(s, { frames: s.frames + 1, step: frame.step, seq: frame.seq, digest: frame.digest, time: frame.time, layout: frame.layout })
    s.age.push(Date.now() - frame.wall * 1000); if (s.age.length > 600) s.age.shift();
    (this.times ??= []).push(now); while (this.times[0] < now - 2000) this.times.shift()
    s.fps = this.times.length > 1 ? (this.times.length - 1) / (now - this.times[0]) * 1000 : 0
    const by = new Map(this.pictures.map(p => [p.plane.key, []]))
    for (const item of frame.items) by.get(item.plain.plane)?.push(item)
    for (const p of this.pictures) p.show(by.get(p.plane.key))
    if (now - (this.said ?? 0) > READOUTS) { this.said = now; this.report() }
  }

  // -- what the page says about itself

  tick() {
    const { state, stats, latest } = this, now = performance.now()
    if (!state.greeted && now - (this.calledAt ?? -READOUTS) >= READOUTS) { this.calledAt = now; this.model.send_msg({ act: 'ready' }) }
    if (now - (this.addressed ?? 0) > ADDRESS && latest && this.written !== state.query + stats.seq) { this.addressed = now; this.written = state.query + stats.seq; this.address() }
    const silent = this.tookAt ? now - this.tookAt : now
    // The last frame before a pause may still be on its way: a step is said only when it will stay.
    const paused = !state.playing && (latest?.playing === false || silent > STALE / 2)
    const preparing = !!state.progress && !state.error && silent > STALE
    // Slow motion is not staleness: three usual intervals may pass.
    const limit = Math.max(STALE, 3 * (this.every ?? 0))
    stats.state = this.feed.ended ? 'ended' : state.error ? 'error' : preparing ? 'preparing' : !this.feed.open && (silent > limit) ? 'reconnecting' : !latest ? 'waiting' : paused ? 'paused' : silent > limit ? 'stale' : 'live'
    if (stats.state !== 'live') stats.fps = 0
    this.root.dataset.state = stats.state
    this.progress.hidden = !preparing
    if (preparing) { const [bar, say] = [this.progress.querySelector('progress'), this.progress.querySelector('span')]; bar.value = state.progress.fraction; say.textContent = state.progress.text }
    if (stats.state === 'stale') this.feed.doubt()
    this.message()
    for (const p of this.pictures) {
      const broken = state.broken[p.plane.key]
      p.root.classList.toggle('broken', !!broken); p.mark.hidden = !broken
      if (broken) { p.mark.textContent = 'broken'; p.mark.title = `Broken: ${broken}` }
    }
    if (stats.state !== 'live' || now - (this.said ?? 0) > READOUTS) this.report()
  }

  report() {
    const { spots, stats, model, state, latest } = this, wall = latest ? Date.now() - latest.wall * 1000 : NaN
    const recent = stats.age.slice(-15).sort((a, b) => a - b), age = stats.state === 'live' ? recent[recent.length >> 1] : wall
    const word = { live: 'live', paused: `paused at step ${grouped(stats.step)}`, stale: 'stale', reconnecting: 'reconnecting', preparing: 'preparing', waiting: 'waiting for the first frame', error: 'stopped', ended: 'ended', connecting: 'connecting' }[stats.state]
    spots.state.querySelector('b').textContent = word
    spots.state.className = `state is-${stats.state}`
    spots.age.textContent = !Number.isFinite(age) || stats.state === 'paused' ? '–' : age < 2000 ? `${Math.max(0, Math.round(age))} ms` : `${(age / 1000).toFixed(1)} s`
    spots.age.classList.toggle('amber', stats.state === 'stale' || stats.state === 'reconnecting')
    spots.fps.textContent = stats.fps ? stats.fps.toFixed(0) : '–'
    spots.seed.textContent = state.seed; spots.digest.textContent = stats.digest ? stats.digest.slice(0, 10) : '–'; spots.step.textContent = grouped(stats.step)
    spots.time.innerHTML = latest && model.time_unit && model.time_unit !== 'steps' ? `time <b>${text(+latest.time.toPrecision(4))}</b> ${safe(model.time_unit)}` : ''
  }

  message() {
    const { model, state, strip } = this, ended = this.feed?.ended, error = ended || state.error, say = error || (state.message !== this.dismissed ? state.message : '') || (this.note && this.note !== this.dismissed ? this.note : '')
    const key = error + '|' + say
    if (key === this.shown) return
    this.shown = key; strip.hidden = !say; strip.className = `strip ${error ? 'bad' : ''}`; strip.replaceChildren()
    if (!say) return
    const button = (label, f, id) => { const b = document.createElement('button'); b.type = 'button'; b.textContent = label; b.onclick = f; b.dataset.testid = id; strip.append(b) }
    const p = document.createElement('span'); p.textContent = say; strip.append(p)
    if (error) strip.setAttribute('role', 'alert')
    if (ended) button('Reload this state', () => location.reload(), 'reload')
    else if (error) {
      button('Last good state', () => this.model.send_msg({ act: 'last_good' }), 'last-good')
      button('Copy report', () => this.copy(JSON.stringify({ error, slug: model.slug, address: location.href, step: this.stats.step, digest: this.stats.digest, seed: state.seed, params: this.params, agent: navigator.userAgent }, null, 1), 'The report is in the clipboard.'), 'copy-report')
    } else { strip.setAttribute('role', 'status'); button('×', () => { this.dismissed = say; this.model.send_msg({ act: 'dismiss' }); this.message() }, 'dismiss'); strip.lastChild.setAttribute('aria-label', 'Dismiss') }
  }

  async copy(what, done) {
    try { await navigator.clipboard.writeText(what) } catch {
      const area = document.createElement('textarea'); area.value = what; document.body.append(area); area.select(); document.execCommand('copy'); area.remove()
    }
    this.note = done; this.dismissed = ''; this.message()
    setTimeout(() => { if (this.note === done) { this.note = ''; this.message() } }, 4000)
  }

  told(m) {
    const data = m?.data ?? m
    if (data.copy !== undefined) { const u = new URL(location.href); u.search = data.copy; this.copy(u.href, 'The link to this exact state is in the clipboard.') }
    if (data.theme) this.toggle()
  }

  address() {
    const { state, stats } = this
    if (!state.query) return
    const q = new URLSearchParams(state.query), here = new URLSearchParams(location.search)
    q.set('at', stats.step); q.set('digest', stats.digest)
    for (const k of ['theme', 'view']) if (here.get(k)) q.set(k, here.get(k))
    history.replaceState(null, '', `${location.pathname}?${q}`)
  }

  // -- theme and keys

  toggle() {
    const dark = mode() !== 'dark', u = new URL(location.href)
    document.documentElement.dataset.theme = dark ? 'dark' : 'light'
    u.searchParams.set('theme', dark ? 'dark' : 'light'); history.replaceState(null, '', u)
  }

  retheme() { this.look.read(); for (const p of this.pictures) { p.recolour(); p.tell(p.items) } this.wake() }

  relayout() {
    // Fonts have arrived: axes measure their labels anew.
    for (const p of this.pictures) { Bokeh.index.find_one(p.figure)?.invalidate_layout?.(); p.fit() }
  }

  key(e) {
    const target = e.composedPath()[0]
    if (e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName) || target?.isContentEditable) return
    if (e.key === ' ' && target?.tagName === 'BUTTON') return
    const act = { ' ': 'toggle', ArrowRight: 'forward', ArrowLeft: 'back', r: 'rewind', R: 'rewind' }[e.key]
    if (act) { e.preventDefault(); this.model.send_msg({ act }) }
    if (e.key === 't' || e.key === 'T') this.toggle()
  }

  close() { this.feed.close(); for (const f of this.off) f(); for (const p of this.pictures) p.watch.disconnect(); cancelAnimationFrame(this.raf) }
}

export function render({ model, el }) {
  const page = new Page(model, el)
  model.on('remove', () => page.close())
}
