// One plane: its figure, the canvas of ours that lies under it, and the words beside its title.

const READOUTS = 250       // ms between two updates of numbers that people read

class Picture {
  constructor(plane, host, child, figure, page) {
    Object.assign(this, { plane, child, figure, page, memory: new Map(), items: [], size: [0, 0], read: 0 })
    const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); e.className = cls; Object.assign(e, props); parent.append(e); return e }
    this.root = make('figure', `plane${plane.square ? ' square' : ''}${plane.wide ? ' wide' : ''}`, host); this.root.dataset.testid = `plane-${plane.key}`
    const head = make('figcaption', 'head', this.root), title = this.titles = make('span', 'titles', head)
    make('span', 'title', title, { textContent: plane.title }); this.caption = make('span', 'caption', title, { textContent: plane.caption })
    title.title = `${plane.title}: ${plane.caption}`
    this.mark = make('span', 'brokenmark', head); this.mark.hidden = true
    this.legend = make('span', 'legend', head)
    this.readouts = make('span', 'readouts', head); this.readouts.dataset.testid = `readouts-${plane.key}`
    const save = make('button', 'save', head, { textContent: '↓', title: 'Save this picture as PNG or SVG', type: 'button' })
    save.setAttribute('aria-label', `Save ${plane.title} as PNG or SVG`); save.setAttribute('aria-haspopup', 'true'); save.dataset.testid = `save-${plane.key}`; save.onclick = () => page.stats.take(save, this)
    this.body = make('div', 'body', this.root); this.body.setAttribute('role', 'group'); this.body.setAttribute('aria-roledescription', 'picture'); this.body.setAttribute('aria-label', plane.alt)
    this.stage = make('div', 'stage', this.body)
    this.canvas = make('canvas', 'paint', this.stage); this.canvas.dataset.testid = `live-${plane.key}`
    this.canvas.setAttribute('aria-hidden', 'true')
    this.g = this.canvas.getContext('2d')
    this.stage.append(child); child.classList.add('bokehhost')
    this.over = make('canvas', 'over', this.stage); this.over.setAttribute('aria-hidden', 'true'); this.marks = [null, null, null, null]
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
    if (w !== this.width) { this.width = w; this.rows = 0; this.readouts.style.minHeight = '' }
    this.captioned()
    let W = w, H = h
    if (this.plane.square && !this.whole) {
      const f = this.figure, dx = f.min_border_left + f.min_border_right, dy = f.min_border_top + f.min_border_bottom
      const a = (this.plane.x[1] - this.plane.x[0]) / (this.plane.y[1] - this.plane.y[0])
      const frame = Math.min(w - dx, (h - dy) * a)
      W = Math.floor(frame + dx); H = Math.floor(frame / a + dy)
    }
    // Beside a square that leaves it room, what would need lines above it stands at its left, and the square grows.
    const room = (w - W) / 2 / this.page.look.k, aside = !!this.tall && !this.whole && room > (this.aside ? 154 : 176)
    if (aside !== !!this.aside) { this.aside = aside; this.rows = 0; this.readouts.style.minHeight = ''; this.root.classList.toggle('aside', aside) }
    this.size = [Math.round(W), Math.round(H)]; s.width = W + 'px'; s.height = H + 'px'; s.left = Math.floor((w - W) / 2) + 'px'
    this.dirty = true; this.page.wake()
  }

  transform() {
    // The only reading of a figure: its ranges, and where its frame lies in it.
    // Looking a view up walks through all views of the page, so it is kept while it is on the page.
    if (!this.view?.el?.isConnected) this.view = Bokeh.index.find_one(this.figure)
    const box = this.view?.frame?.bbox
    if (!box || box.width < 2 || box.height < 2) return null
    const { start: x0, end: x1 } = this.figure.x_range, { start: y0, end: y1 } = this.figure.y_range
    const kx = box.width / (x1 - x0), ky = box.height / (y1 - y0), left = box.x, top = box.y, bottom = box.y + box.height
    return { left, top, bottom, right: left + box.width, width: box.width, height: box.height, x0, x1, y0, y1,
      room: Math.max(20, this.size[0] - left - box.width - 10), x: v => left + (v - x0) * kx, y: v => bottom - (v - y0) * ky }
  }

  under(e, near) {
    // The place on the plane that a pointer is over, or is nearest to, or would be over if the plane went on beyond its
    // frame; null where it is over none.
    const at = this.transform(), { left, top } = this.stage.getBoundingClientRect()
    if (!at) return null
    const x = e.clientX - left, y = e.clientY - top, px = Math.min(Math.max(x, at.left), at.right), py = Math.min(Math.max(y, at.top), at.bottom)
    if (!near && (x !== px || y !== py)) return null
    return this.place(at, near === 'beyond' ? x : px, near === 'beyond' ? y : py)
  }

  place(at, px, py) {
    return [at.x0 + (px - at.left) / at.width * (at.x1 - at.x0), at.y0 + (at.bottom - py) / at.height * (at.y1 - at.y0)]
  }

  hair(places) { this.above(0, places[0]); this.above(1, places[1]) }

  box(corners) { this.above(2, corners) }

  arrow(drawn) { this.above(3, drawn) }

  above(i, what) {
    if (this.marks[i] === what) return
    this.marks[i] = what
    this.asked ??= requestAnimationFrame(() => { this.asked = null; this.paintOver() })
  }

  paintOver() {
    // What follows a pointer, above the figure: where it is on either axis, and a box or an arrow that is being drawn.
    const { over, marks: [x, y, box, arrow], canvas: { width, height } } = this, at = this.transform(), g = over.getContext('2d'), look = this.page.look, r = this.page.ratio
    if (over.width !== width || over.height !== height) { over.width = width; over.height = height } else g.clearRect(0, 0, width, height)
    if (!at) return
    g.setTransform(r, 0, 0, r, 0, 0); g.strokeStyle = look.ink2; g.lineWidth = 1; g.setLineDash([2, 3])
    const line = (...p) => { g.beginPath(); g.moveTo(p[0], p[1]); g.lineTo(p[2], p[3]); g.stroke() }
    if (x !== null && x >= at.x0 && x <= at.x1) line(at.x(x), at.top, at.x(x), at.bottom)
    if (y !== null && y >= at.y0 && y <= at.y1) line(at.left, at.y(y), at.right, at.y(y))
    g.setLineDash([])
    if (box) { const [[x0, y0], [x1, y1]] = box; g.beginPath(); g.rect(at.x(x0), at.y(y0), at.x(x1) - at.x(x0), at.y(y1) - at.y(y0)); g.strokeStyle = look.accent; g.stroke(); g.fillStyle = look.accent; g.globalAlpha = 0.12; g.fill() }
    if (arrow) drawArrow(g, at, arrow, look)
    g.setTransform(1, 0, 0, 1, 0, 0); g.globalAlpha = 1
  }

  called(slot) { return this.page.state.pins?.find(p => p.slot === slot)?.label || 'pinned' }

  paint() {
    const at = this.transform()
    if (!at) return
    const { g, canvas, size: [wide, high] } = this, r = this.page.ratio
    const W = Math.round(wide * r), H = Math.round(high * r)
    if (canvas.width !== W || canvas.height !== H) { canvas.width = W; canvas.height = H }
    g.setTransform(r, 0, 0, r, 0, 0)
    g.clearRect(0, 0, wide, high)
    this.draw(g, at, this.items)
    this.dirty = false
    if (this.marks.some(m => m !== null)) this.paintOver()
    this.page.stats.painted[this.plane.key] = (this.page.stats.painted[this.plane.key] ?? 0) + 1
  }

  draw(g, at, items) {
    // All that lies under the figure, on any context: the screen's, or one of a figure that is taken away.
    const { look } = this.page, drawn = stacked(items.filter(i => PAINT[i.type]))
    if (!drawn.length) return
    g.save(); g.beginPath(); g.rect(at.left, at.top, at.width, at.height); g.clip()
    for (const item of drawn) {
      const id = item.side + item.key
      if (!this.memory.has(id)) this.memory.set(id, {})
      PAINT[item.type](g, at, item, look, this.memory.get(id), item.side === 'seen' ? this.page.chosen?.get(item.plain.kind) : null)
    }
    this.paintRegion(g, at, look)
    g.restore()
    nameCurves(g, at, drawn, look, slot => this.called(slot))
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
    if (this.through) items = this.through(items)
    this.items = items; this.dirty = true
    const something = items.some(i => i.side !== 'theory' && (i.values?.length || i.points?.length || i.at?.length || i.y?.length || i.plain.static))
    if (this.empty.hidden !== something) this.empty.hidden = something
    const now = performance.now()
    if (now - this.read >= READOUTS) { this.read = now; this.tell(items) }
  }

  tell(items) {
    const scalars = items.filter(i => i.type === 'Scalar' && i.side === 'seen'), theory = new Map(items.filter(i => i.type === 'Scalar' && i.side === 'theory').map(i => [i.key, i])), pins = items.filter(i => i.type === 'Scalar' && slotOf(i))
    const html = scalars.map(i => {
      const { symbol, value, error, unit } = i.plain, ghost = theory.get(i.key)
      return `<span data-testid="scalar-${safe(i.key)}"><span class="own"><i>${lowered(symbol)}</i> <b>${text(value, error)}</b>${error ? ` ± ${text(error, error)}` : ''}${unit ? ` <small>${safe(unit)}</small>` : ''}${ghost ? ` <em title="theory">${ghost.plain.symbol === symbol ? 'theory' : safe(ghost.plain.symbol)} ${text(ghost.plain.value, ghost.plain.error)}</em>` : ''}</span>${pins.filter(p => p.key === i.key).map(p => ` <span class="pinned pin${slotOf(p)}" title="run ${slotOf(p)}, ${safe(this.called(slotOf(p)))}"><i class="slot"><span>${slotOf(p)}</span></i>${text(+p.plain.value.toPrecision(3))}</span>`).join('')}</span>`
    }).join('')
    if (html !== this.told) { this.told = html; this.readouts.innerHTML = html }
    const fields = items.filter(i => (i.type === 'Field' || i.type === 'ComplexField') && !slotOf(i))
    const key = fields.map(i => i.plain.symbol + (i.plain.limits ?? i.plain.limit) + i.plain.unit).join() + mode()
    if (key !== this.legended) {
      this.legended = key; this.legend.replaceChildren()
      for (const { plain, type } of fields) {
        const bar = document.createElement('span'), { colours, surface } = this.page.look
        bar.className = 'scale'
        if (type === 'ComplexField') {
          // Phase runs counter-clockwise from the positive real axis, as in the plane; a conic gradient runs the other way.
          const hues = [...colours.hues.filter((_, i) => i % 16 === 0), colours.hues[0]].reverse()
          bar.innerHTML = `<i>${safe(plain.symbol)}</i><button type="button" class="wheel" data-testid="isophase" aria-label="Lines of constant phase" aria-pressed="${!!this.page.look.isophase}" title="hue: phase of ${safe(plain.symbol)}, 0 to the right; pale: modulus 0; full: ${text(plain.limit)}&#10;Lines of constant phase  (I)" style="background:radial-gradient(${surface},transparent 71%),conic-gradient(from 90deg,${hues})"><svg viewBox="-10 -10 20 20" aria-hidden="true"><path d="M0 0H10" stroke-width="3"/><path d="M0 0V-10"/><path d="M0 0H-10" stroke-dasharray="3 2"/><path d="M0 0V10" stroke-dasharray="1 2"/></svg></button>`
          this.legend.append(bar)
          continue
        }
        const c = colours[plain.signed ? 'signed' : 'positive']
        bar.innerHTML = `<i>${safe(plain.symbol)}</i><span>${text(plain.limits[0])}</span><span class="bar" style="background:linear-gradient(90deg,${[0, 63, 127, 191, 254].map(n => c[n])})"></span><span>${text(plain.limits[1])}${plain.unit ? ` <small>${safe(plain.unit)}</small>` : ''}</span>`
        this.legend.append(bar)
      }
    }
    // All pictures are written before the first is measured: the browser lays the page out once.
    queueMicrotask(() => this.settle(pins.length))
  }

  settle(pinned) {
    // Once the numbers have needed lines of their own they keep them, so that no plot moves while they change.
    const numbers = [...this.readouts.children, ...this.legend.children].reduce((w, e) => w + e.offsetWidth + 16, 0), all = this.root.clientWidth - 56 * this.page.look.k
    const marked = this.mark.hidden ? 0 : this.mark.offsetWidth + 12
    if (!this.tall && (pinned || numbers + marked + this.titles.firstChild.offsetWidth > all)) { this.tall = true; this.root.classList.add('tall'); this.rows = 0 }
    if (!this.taller && this.tall && (pinned || numbers > all)) { this.taller = true; this.root.classList.add('taller'); this.rows = 0 }
    const rows = this.taller && !this.aside ? this.readouts.scrollHeight : 0
    if (rows > (this.rows ?? 0)) { this.rows = rows; this.readouts.style.minHeight = rows + 'px' }
    if (this.caption.scrollWidth > this.caption.clientWidth) this.captioned()
  }

  captioned() {
    // A caption that would be cut stands on a line of its own where there is room, else in the tooltip alone.
    const { root, caption } = this, k = this.page.look.k
    root.classList.remove('uncaptioned', 'undercaption')
    if (caption.scrollWidth > caption.clientWidth) root.classList.add(root.clientHeight > 330 * k ? 'undercaption' : 'uncaptioned')
  }

  probe(x, y) {
    // What is under the pointer, in words, from the very arrays that were painted.
    const { plane } = this, out = [`${plane.symbols[0]} ${text(+x.toPrecision(4))}   ${plane.symbols[1]} ${text(+y.toPrecision(4))}`]
    for (const item of this.items) {
      const slot = slotOf(item), whose = slot ? `${slot} ${this.called(slot)}: ` : ''
      if (item.type === 'Field') {
        const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent, [low, high] = item.plain.limits
        const i = Math.floor((x - x0) / (x1 - x0) * nx), j = Math.floor((y - y0) / (y1 - y0) * ny)
        if (i < 0 || j < 0 || i >= nx || j >= ny) continue
        const v = item.values[i * ny + j]
        out.push(whose + (v === 255 ? `${item.plain.symbol} not resolved` : `${item.plain.symbol} ${text(+(low + v / 254 * (high - low)).toPrecision(3))}${item.plain.unit ? ' ' + item.plain.unit : ''}`))
      } else if (item.type === 'ComplexField') {
        const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent
        const i = Math.floor((x - x0) / (x1 - x0) * nx), j = Math.floor((y - y0) / (y1 - y0) * ny)
        if (i < 0 || j < 0 || i >= nx || j >= ny) continue
        const v = item.values[i * ny + j]
        out.push(`${whose}|${item.plain.symbol}| ${text(+((v & 255) / 255 * item.plain.limit).toPrecision(3))}   arg ${Math.round((v >> 8) * 360 / 256)}°`)
      } else if (item.type === 'Series' && item.shape.y[1]) {
        const n = item.shape.y[1]
        let best = 0
        for (let i = 1; i < n; i++) if (Math.abs(item.x[i] - x) < Math.abs(item.x[best] - x)) best = i
        item.plain.names.forEach((name, c) => out.push(`${whose}${name || 'value'} ${text(+item.y[c * n + best].toPrecision(3))}`))
      } else if (item.type === 'Members') { const s = item.cloud.probe(x, y); if (s) out.push(s)
      } else if (item.type === 'Cloud' && item.plain.role !== 'tracer' && !slot) out.push(`${grouped(item.plain.count)} in all, ${item.points.length / 2} drawn`)
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
}
