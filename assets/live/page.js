// The live layer: asks the feed for frames and paints what moves, under figures that HoloViews built.
//
// Each figure is transparent; beneath it lies one canvas of ours. From a figure we read only its public ranges and the
// box of its frame, so pan, zoom, resize, hover and brush stay Bokeh's, and no paint of Bokeh's is replaced. Frames
// never pass through Python: the worker's bytes arrive on a websocket and leave as pixels.

const STALE = 500          // ms without a frame, while playing, after which a picture says how old it is
const ADDRESS = 1000       // ms between two updates of the address bar
const PATIENCE = 1000      // ms a picture waits for a figure with the contours of its frame
const DRAWN = /^(seen|theory|pin[1-4])$/  // sides of a frame's items that pictures know

// What adds one thing to a page, each in a file of its own: constructor(page), and where it needs them frame(frame) after
// a frame was taken, tick() four times a second, key(event) → whether it was its key, close().
const PARTS = [Clouds, Isophase, Linked, Brush, Throw, Spoken, Download, Scrubber, Compare, Calm, Keys, Help, Looked, Told, Presenter]

class Page {
  constructor(model, el) {
    this.model = model; this.state = model.state.data; this.look = new Look(model.palettes); this.pictures = []; this.off = []
    this.stats = window.weltnet = { params: () => this.params, toggle: () => this.toggle(), frames: 0, paints: 0, painted: {}, age: [], cost: [], fps: 0, step: 0, seq: -1, digest: '', time: 0, state: 'connecting',
      probe: (key, x, y) => this.pictures.find(p => p.plane.key === key)?.probe(x, y) ?? '', text }
    this.ratio = Math.min(2, window.devicePixelRatio || 1)
    this.build(el)
    this.parts = PARTS.map(Part => new Part(this))
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
      <section class="cards" aria-label="Verdicts"><h2 class="spoken">Verdicts</h2></section>
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
    this.progress.setAttribute('role', 'status'); this.progress.innerHTML = '<span></span><progress max="1" aria-label="Preparation"></progress><button type="button" data-testid="stop">Stop</button>'; this.progress.hidden = true
    this.progress.lastChild.onclick = () => model.send_msg({ act: 'stop' })
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
    for (const item of frame.items) if (DRAWN.test(item.side)) by.get(item.plain.plane)?.push(item)
    for (const p of this.pictures) p.show(by.get(p.plane.key))
    for (const part of this.parts) part.frame?.(frame)
    if (now - (this.said ?? 0) > READOUTS) { this.said = now; this.report() }
  }

  // -- what the page says about itself

  tick() {
    const { state, stats, latest } = this, now = performance.now()
    if (!state.greeted && now - (this.calledAt ?? -READOUTS) >= READOUTS) { this.calledAt = now; this.model.send_msg({ act: 'ready' }) }
    if (now - (this.addressed ?? 0) > ADDRESS && latest && this.written !== state.query + stats.seq + JSON.stringify(state.touring)) { this.addressed = now; this.written = state.query + stats.seq + JSON.stringify(state.touring); this.address() }
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
    if (preparing) { const [bar, say] = [this.progress.querySelector('progress'), this.progress.querySelector('span')]; bar.value = state.progress.fraction; say.textContent = state.progress.text; this.progress.lastChild.hidden = !state.progress.stop }
    if (stats.state === 'stale') this.feed.doubt()
    this.message()
    for (const p of this.pictures) {
      const broken = state.broken[p.plane.key]
      p.root.classList.toggle('broken', !!broken); p.mark.hidden = !broken
      if (broken) { p.mark.textContent = 'broken'; p.mark.title = `Broken: ${broken}` }
    }
    for (const part of this.parts ?? []) part.tick?.()
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
    const { model, state, strip } = this, ended = this.feed?.ended, error = ended || state.error, say = error || [this.note, state.message].find(m => m && m !== this.dismissed) || ''
    const key = error + '|' + say
    if (key === this.shown) return
    this.shown = key; strip.hidden = !say; strip.className = `strip ${error ? 'bad' : ''}`; strip.replaceChildren()
    if (!say) return
    const button = (label, f, id) => { const b = document.createElement('button'); b.type = 'button'; b.textContent = label; b.onclick = f; b.dataset.testid = id; strip.append(b) }
    const p = document.createElement('span'); p.textContent = say; strip.append(p)
    if (error) strip.setAttribute('role', 'alert')
    if (ended) button('Reload this state', () => location.reload(), 'reload')
    else if (error) {
      if (this.latest) button('Last good state', () => this.model.send_msg({ act: 'last_good' }), 'last-good')
      else button('Begin at the defaults', () => location.assign(location.pathname), 'defaults')
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
    if (data.copy !== undefined) { const u = new URL(location.href); u.search = data.copy; this.copy(u.href, data.said) }
    if (data.theme) this.toggle()
  }

  address() {
    const { state, stats } = this
    if (!state.query) return
    const q = new URLSearchParams(state.query), here = new URLSearchParams(location.search)
    q.set('at', stats.step); q.set('digest', stats.digest)
    if (this.calm && state.playing) q.set('paused', '0')
    const { tour, stop: at, strayed } = state.touring, stop = tour && !strayed ? new URLSearchParams({ tour, stop: at }) : q
    for (const k of ['theme', 'view', 'iso']) if (here.get(k)) stop.set(k, here.get(k))
    history.replaceState(null, '', `${location.pathname}?${stop}`)
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
    if (this.root.querySelector('dialog[open]')) return
    if (e.ctrlKey || e.metaKey || e.altKey || /^(TEXTAREA|SELECT)$/.test(target?.tagName) || target?.isContentEditable) return
    // A slider has its own keys and leaves the others to the page; what takes text keeps them all.
    if (target?.tagName === 'INPUT' && (target.type !== 'range' && target.type !== 'checkbox' || / |Arrow|Page|Home|End|Enter|Delete|Backspace/.test(e.key) && !(target.type === 'range' && e.key === ' '))) return
    if (e.key === ' ' && /^(BUTTON|SUMMARY|A)$/.test(target?.tagName)) return
    if (this.parts.some(part => part.key?.(e))) e.preventDefault()
  }

  close() { this.feed.close(); for (const f of this.off) f(); for (const part of this.parts) part.close?.(); for (const p of this.pictures) p.watch.disconnect(); cancelAnimationFrame(this.raf) }
}

export function render({ model, el }) {
  const page = new Page(model, el)
  model.on('remove', () => page.close())
}
