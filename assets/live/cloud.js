// All members of a cloud, explored: one plane over the whole picture area, its members counted anew, by datashader on
// the server, wherever one looks and as the run moves. A page that explores nothing asks for nothing.

const SETTLE = 80          // ms a range must rest before it is counted anew
const AGAIN = 250          // ms between two countings of one range while the run moves
const RETRY = 2000         // ms after a refusal
const LEVELS = [0.05, 0.2, 0.5, 0.8]        // of the largest |ψ|², drawn as lines
const FACTOR = 1.5, SHIFT = 0.15            // of a key that zooms, and of one that pans

class Clouds {
  constructor(page) {
    this.page = page; page.clouds = this; this.viewer = Math.random().toString(36).slice(2)
    const make = (tag, cls, props = {}) => Object.assign(document.createElement(tag), { className: cls, ...props })
    for (const p of page.pictures) {
      const b = p.all = make('button', 'all', { type: 'button', hidden: true }); b.dataset.testid = `all-${p.plane.key}`
      b.onclick = () => this.open(p); p.stage.append(b)
      // Whoever comes near it will wait less: datashader is loaded by its first request.
      b.addEventListener('pointerenter', () => { if (!this.seen) fetch(this.address(p, [...p.plane.x, ...p.plane.y, 16, 16], -1)).catch(() => {}) }, { once: true })
    }
    const bar = this.bar = make('div', 'cloudbar'); bar.dataset.testid = 'cloudbar'
    bar.innerHTML = `<span><b data-testid="cloud-inside">–</b> of <b data-testid="cloud-count"></b> in view</span><span class="scale" data-testid="cloud-scale"></span>
      <span>step <b data-testid="cloud-step">–</b></span><span>age <b data-testid="cloud-age">–</b></span><span class="say" role="status" data-testid="cloud-say"></span><span class="gap"></span>
      <span class="looks"><button type="button" data-testid="cloud-out" title="zoom out (−)" aria-label="zoom out">−</button><button type="button" data-testid="cloud-in" title="zoom in (+)" aria-label="zoom in">+</button>
      <button type="button" data-testid="cloud-whole" title="the whole plane (0)">whole</button><button type="button" data-testid="cloud-back" title="back to all pictures (Escape)">back</button></span>`
    this.spots = Object.fromEntries([...bar.querySelectorAll('[data-testid]')].map(e => [e.dataset.testid.slice(6), e]))
    const { out, in: into, whole, back } = this.spots
    out.onclick = () => this.zoom(FACTOR); into.onclick = () => this.zoom(1 / FACTOR); whole.onclick = () => this.whole(); back.onclick = () => this.close()
  }

  // -- which planes have more than they draw

  frame(frame) {
    for (const p of this.page.pictures) {
      const item = frame.items.find(i => i.plain.plane === p.plane.key && i.type === 'Cloud' && i.side === 'seen' && i.plain.role !== 'tracer' && i.plain.count > i.points.length / 2)
      p.many = item && { key: item.key, count: item.plain.count, kind: item.plain.kind || 'member' }
      p.all.hidden = !item || this.picture === p
      const label = item ? `all ${grouped(item.plain.count)}` : ''
      if (p.all.textContent !== label) { p.all.textContent = label; p.all.title = `Every one of ${grouped(item?.plain.count ?? 0)} members, counted by pixel (A)` }
    }
    if (!this.picture) return
    if (this.picture.many) this.again(); else this.close()
  }

  open(picture) {
    if (this.picture || !picture?.many) return
    const { page } = this, { figure } = picture
    this.picture = picture; this.seen = this.looking = null; this.view = ''
    this.before = [figure.x_range, figure.y_range].map(r => [r.start, r.end]); this.kind = picture.many.kind
    picture.root.parentElement.classList.add('exploring'); picture.root.classList.add('explored'); picture.all.hidden = true
    for (const p of page.pictures) p.root.inert = p !== picture
    picture.body.before(this.bar); this.say('')
    picture.through = items => this.through(items); picture.whole = true
    this.tool = figure.toolbar.gestures.pan.active
    const pan = figure.toolbar.tools.find(t => t.type === 'PanTool'); if (pan) pan.active = true
    picture.items = this.through(picture.items); picture.legended = ''; picture.tell(picture.items); picture.fit()
    this.spots.back.focus({ preventScroll: true })
  }

  toggle() {
    const { pictures } = this.page
    if (this.picture) this.close(); else this.open(pictures.find(p => p.many && p.root.matches(':hover')) ?? pictures.find(p => p.many))
  }

  close() {
    const picture = this.picture
    if (!picture) return
    this.picture = null; this.stop()
    picture.root.parentElement.classList.remove('exploring'); picture.root.classList.remove('explored')
    for (const p of this.page.pictures) p.root.inert = false
    this.bar.remove()
    picture.through = null; picture.whole = false; picture.items = this.under ?? []; picture.legended = ''; picture.tell(picture.items)
    if (this.tool) this.tool.active = true
    else { const pan = picture.figure.toolbar.tools.find(t => t.type === 'PanTool'); if (pan) pan.active = false }
    this.range(picture.figure, ...this.before)
    picture.fit(); picture.all.hidden = !picture.many; picture.all.focus({ preventScroll: true })
    delete this.page.stats.cloud
  }

  through(items) {
    // In place of the few that a frame carries, all; in place of fields, their lines.
    this.under = items
    return items.flatMap(i => i.key === this.picture.many?.key && i.type === 'Cloud' && i.side === 'seen' ? [{ ...i, type: 'Members', cloud: this }] : i.side !== 'seen' ? [i] : i.type === 'ComplexField' ? [{ ...i, type: 'Levels' }] : i.type === 'Field' ? [] : [i])
      .sort((a, b) => (b.type === 'Members') - (a.type === 'Members'))
  }

  // -- looking

  range(figure, [x0, x1], [y0, y1]) {
    figure.x_range.setv({ start: x0, end: x1 }, { sync: false }); figure.y_range.setv({ start: y0, end: y1 }, { sync: false })
  }

  get ranges() { const { x_range: x, y_range: y } = this.picture.figure; return [x.start, x.end, y.start, y.end] }

  zoom(by) {
    const [x0, x1, y0, y1] = this.ranges, x = (x0 + x1) / 2, y = (y0 + y1) / 2, dx = by * (x1 - x0) / 2, dy = by * (y1 - y0) / 2
    this.range(this.picture.figure, [x - dx, x + dx], [y - dy, y + dy])
  }

  pan(right, up) {
    const [x0, x1, y0, y1] = this.ranges, dx = SHIFT * right * (x1 - x0), dy = SHIFT * up * (y1 - y0)
    this.range(this.picture.figure, [x0 + dx, x1 + dx], [y0 + dy, y1 + dy])
  }

  whole() { const { x, y } = this.picture.plane; this.range(this.picture.figure, x, y) }

  key(e) {
    if (!this.picture) return false
    const arrow = e.shiftKey && { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key]
    if (e.key === 'Escape') this.close()
    else if ('+='.includes(e.key)) this.zoom(1 / FACTOR)
    else if ('-_−'.includes(e.key)) this.zoom(FACTOR)
    else if (e.key === '0') this.whole()
    else if (arrow) this.pan(...arrow)
    else return false
    return true
  }

  // -- asking

  stop() { clearTimeout(this.timer); clearTimeout(this.slow); this.abort?.abort(); this.timer = this.abort = null }

  later(ms) { clearTimeout(this.timer); this.timer = setTimeout(() => { this.timer = null; this.ask() }, ms) }

  looked(at) {
    // The view that is painted: a square plane keeps its units alike on the wider stage, and what is new is counted.
    const { picture } = this, { width, height, x0, x1, y0, y1 } = at
    if (picture.plane.square && Math.abs(width / (x1 - x0) / (height / (y1 - y0)) - 1) > 0.004) {
      const half = (y1 - y0) * width / height / 2, x = (x0 + x1) / 2
      queueMicrotask(() => this.picture && this.range(picture.figure, [x - half, x + half], [y0, y1])); return
    }
    const view = [x0, x1, y0, y1, Math.round(width), Math.round(height)]
    if (view.join() === this.view) return
    this.view = view.join(); this.looking = view
    this.stop(); this.later(SETTLE)
  }

  again() {
    const { seen } = this, moved = !seen || seen.view !== this.view || this.page.stats.seq > seen.seq
    if (moved && this.looking && !this.abort && !this.timer) this.later(Math.max(0, (this.askedAt ?? 0) + (this.failed ? RETRY : AGAIN) - performance.now()))
  }

  address(picture, [x0, x1, y0, y1, w, h], have) {
    const size = v => Math.min(2000, Math.max(16, v)), query = new URLSearchParams({ x0, x1, y0, y1, w: size(w), h: size(h), have, viewer: this.viewer })
    return `${location.pathname.replace(/\/[^/]*$/, '')}/cloud/${this.page.model.run}/${picture.many.key}?${query}`
  }

  async ask() {
    const { picture, view, looking, seen } = this, have = seen?.view === view ? seen.seq : -1
    if (!picture || document.hidden) return
    this.abort?.abort(); const abort = this.abort = new AbortController(); this.askedAt = performance.now()
    clearTimeout(this.slow); this.slow = setTimeout(() => this.say(this.seen ? 'counting …' : 'loading datashader, some seconds the first time …'), 600)
    let said = ''
    try {
      const answer = await fetch(this.address(picture, looking, have), { signal: abort.signal })
      if (answer.status === 200) this.take(await answer.arrayBuffer(), view)
      else if (answer.status !== 204) said = await answer.text()
    } catch { if (abort.signal.aborted) return; said = 'The server was not to be reached; the next look tries again.' }
    if (this.abort !== abort) return
    this.abort = null; clearTimeout(this.slow); this.say(said); this.failed = !!said
    this.again()
  }

  take(buffer, view) {
    const { page, picture } = this
    if (!picture) return
    const seen = this.seen = parse(buffer), [item] = seen.items
    Object.assign(seen, { view, shades: item.shades, points: item.points, shape: item.shape, born: performance.now() - 1000 * seen.age, table: null })
    page.stats.cloud = { inside: seen.inside, count: seen.count, most: seen.most, step: seen.step, range: seen.range, single: !!seen.points, taken: (page.stats.cloud?.taken ?? 0) + 1 }
    picture.dirty = true; page.wake(); this.report()
    if (this.told !== view) { this.told = view; picture.body.setAttribute('aria-label', `${picture.plane.alt} ${page.stats.alt?.(picture.plane.key) ?? ''}`) }
  }

  // -- what is said

  tick() { if (this.picture) { this.report(); this.again() } }

  say(text) { if (this.spots.say.textContent !== text) this.spots.say.textContent = text }

  report() {
    const { seen, spots, page } = this
    if (!seen) return
    const set = (spot, s) => { if (spots[spot].textContent !== s) spots[spot].textContent = s }
    const current = seen.seq >= page.stats.seq
    set('inside', grouped(seen.inside)); set('count', grouped(seen.count)); set('step', grouped(seen.step))
    set('age', page.stats.state === 'paused' && current ? '–' : `${((performance.now() - seen.born) / 1000).toFixed(1)} s`)
    const scale = seen.points ? 'each a dot' : `${seen.most}${mode()}`
    if (this.scaled !== scale) {
      this.scaled = scale; const c = page.look.colours.positive
      spots.scale.innerHTML = seen.points ? 'each one is a dot' : `<span>1</span><span class="bar" style="background:linear-gradient(90deg,${[0, 1, 2, 3, 4].map(n => c[Math.round(seen.palest + n * (254 - seen.palest) / 4)])})"></span><span>${grouped(seen.most)} <small>in a pixel, log</small></span>`
    }
  }

  sentence() {
    // The text alternative (`Spoken`).
    const { seen, picture } = this
    if (!seen || !picture) return 'all members are being counted'
    const [x, y] = picture.plane.symbols, [x0, x1, y0, y1] = seen.range.map(v => text(+v.toPrecision(3)))
    return `${grouped(seen.inside)} of ${grouped(seen.count)} ${this.kind}s in view, at most ${grouped(seen.most)} in one pixel, ${x} from ${x0} to ${x1}, ${y} from ${y0} to ${y1}`
  }

  probe(x, y) {
    const { seen } = this
    if (!seen || seen.points) return ''
    const [h, w] = seen.shape.shades, [x0, x1, y0, y1] = seen.range, i = Math.floor((x - x0) / (x1 - x0) * w), j = Math.floor((y - y0) / (y1 - y0) * h)
    const shade = i < 0 || j < 0 || i >= w || j >= h ? 0 : seen.shades[j * w + i], n = shade && Math.round(Math.exp(Math.log(seen.most) * (shade - seen.palest) / Math.max(1, 254 - seen.palest)))
    return `${n > 20 ? 'about ' : ''}${n} in this pixel`
  }

  // -- drawing

  paint(g, at, look) {
    const { seen, picture } = this
    if (g === picture?.g) this.looked(at)
    if (!seen) return
    if (seen.points) {
      const p = seen.points, r = 1.8 * look.k
      g.beginPath(); g.fillStyle = look.colours.positive[254]; g.globalAlpha = 0.8
      for (let i = 0; i < p.length; i += 2) { const x = at.x(p[i]), y = at.y(p[i + 1]); g.moveTo(x + r, y); g.arc(x, y, r, 0, 6.2832) }
      g.fill(); g.globalAlpha = 1; return
    }
    const table = look.tables.positive
    if (seen.table !== table) {
      const [h, w] = seen.shape.shades, image = new ImageData(w, h), pixels = new Uint32Array(image.data.buffer), v = seen.shades
      for (let j = 0; j < h; j++) for (let i = 0, s = j * w, o = (h - 1 - j) * w; i < w; i++) if (v[s + i]) pixels[o + i] = table[v[s + i]]
      seen.table = table; seen.canvas = new OffscreenCanvas(w, h); seen.canvas.getContext('2d').putImageData(image, 0, 0)
    }
    const [x0, x1, y0, y1] = seen.range, left = at.x(x0), top = at.y(y1)
    g.imageSmoothingEnabled = false; g.drawImage(seen.canvas, left, top, at.x(x1) - left, at.y(y0) - top)
  }
}

PAINT.Members = (g, at, item, look) => item.cloud.paint(g, at, look)

PAINT.Levels = (g, at, item, look, memory) => {
  if (memory.levelled !== item.values) {
    const f = Float32Array.from(item.values, v => v & 255), most = f.reduce((a, b) => Math.max(a, b), 0)
    memory.levelled = item.values; memory.levels = LEVELS.flatMap(l => isolines(f, ...item.shape.values, most * Math.sqrt(l)))
  }
  trace(g, at, item, memory.levels); g.strokeStyle = look.accent; g.lineWidth = look.k; g.stroke()
}
