// The front page: one run at once, on axes of our own, and every experiment's still, by the painters of the live layer.

const READ = 250           // ms between two updates of what people read
const QUIET = 700          // ms without a frame, while playing, after which the page says that it waits
const LOOK_AGAIN = 4000    // ms between two looks for stills that are not there yet

const DATA = JSON.parse(document.getElementById('data').textContent)
const $ = (s, from = document) => from.querySelector(s)
const look = new Look(PALETTES)
const ratio = Math.min(2, window.devicePixelRatio || 1)

const keep = query => { for (const [k, v] of new URLSearchParams(location.search)) if (k === 'theme' || k === 'view') query.set(k, v) }

// -- pictures

const LAYERS = { Field: 0, ComplexField: 0 }
const layer = item => LAYERS[item.type] ?? (item.plain.role === 'contour' ? 1 : 2)

function ticks(low, high, most) {
  const rough = (high - low) / most, unit = 10 ** Math.floor(Math.log10(rough)), off = m => Math.abs(Math.log(m * unit / rough))
  const step = unit * [1, 2, 5, 10].sort((a, b) => off(a) - off(b))[0]
  const out = []
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) out.push(+(i * step).toPrecision(12))
  return out
}

class Plot {
  // One plane on one canvas. `small`: no numbers and no names.
  constructor(canvas, plane, small = false) {
    Object.assign(this, { canvas, plane, small, items: [], memory: new Map(), g: canvas.getContext('2d') })
    new ResizeObserver(() => this.paint()).observe(canvas)
  }

  place(w, h) {
    const { plane, small } = this, k = look.k, named = this.items.some(i => i.type === 'Series' && i.plain.names.some(n => n))
    let [x0, x1] = plane.x, [y0, y1] = plane.y, left = small ? 15 * k : 50 * k, right = w - (small ? 12 * k : named ? 92 * k : 14 * k), top = (small ? 10 : 6) * k, bottom = h - (small ? 14 : 40) * k
    if (plane.square) {
      const a = (x1 - x0) / (y1 - y0)
      const side = Math.min(right - left, (bottom - top) * a), spare = right - left - side, rest = bottom - top - side / a
      left += spare / 2; right -= spare / 2; top += rest / 2; bottom -= rest / 2
    }
    const kx = (right - left) / (x1 - x0), ky = (bottom - top) / (y1 - y0)
    return { left, right, top, bottom, width: right - left, height: bottom - top, x0, x1, y0, y1, room: Math.max(20, w - right - 12 * k), x: v => left + (v - x0) * kx, y: v => bottom - (v - y0) * ky }
  }

  paint() {
    const { canvas, g, plane } = this, w = canvas.clientWidth, h = canvas.clientHeight
    if (w < 20 || h < 20) return
    const W = Math.round(w * ratio), H = Math.round(h * ratio)
    if (canvas.width !== W || canvas.height !== H) { canvas.width = W; canvas.height = H }
    g.setTransform(ratio, 0, 0, ratio, 0, 0); g.clearRect(0, 0, w, h)
    if (this.small && !this.items.length) return  // axes of nothing would cross the sentence that says so
    const at = this.place(w, h), drawn = this.items.filter(i => PAINT[i.type]).sort((a, b) => layer(a) - layer(b))
    g.save(); g.beginPath(); g.rect(at.left, at.top, at.width, at.height); g.clip()
    for (const item of drawn) {
      const id = item.side + item.key
      if (!this.memory.has(id)) this.memory.set(id, {})
      PAINT[item.type](g, at, item, look, this.memory.get(id))
    }
    g.restore()
    this.axes(g, at, plane)
    if (!this.small) nameCurves(g, at, drawn, look)
  }

  axes(g, at, plane) {
    const k = look.k, { left, right, top, bottom } = at
    g.strokeStyle = look.line2; g.lineWidth = 1; g.beginPath()
    g.moveTo(Math.round(left) - 0.5, top); g.lineTo(Math.round(left) - 0.5, Math.round(bottom) + 0.5); g.lineTo(right, Math.round(bottom) + 0.5)
    if (this.small) { g.stroke(); return }
    const xs = ticks(at.x0, at.x1, Math.max(3, Math.min(6, at.width / 70 / k))), ys = ticks(at.y0, at.y1, Math.max(3, Math.min(5, at.height / 50 / k)))
    for (const v of xs) { g.moveTo(at.x(v), bottom); g.lineTo(at.x(v), bottom + 4 * k) }
    for (const v of ys) { g.moveTo(left, at.y(v)); g.lineTo(left - 4 * k, at.y(v)) }
    g.stroke()
    g.fillStyle = look.ink2; g.font = `${11 * k}px ${look.sans}`; g.textBaseline = 'top'; g.textAlign = 'center'
    for (const v of xs) g.fillText(text(v), at.x(v), bottom + 7 * k)
    g.textBaseline = 'middle'; g.textAlign = 'right'
    for (const v of ys) g.fillText(text(v), left - 7 * k, at.y(v))
    g.font = `italic ${13.5 * k}px ${look.serif}`; g.textAlign = 'right'; g.textBaseline = 'alphabetic'
    g.fillText(plane.labels[0], right, bottom + 33 * k); g.textAlign = 'center'
    g.save(); g.translate(left - 36 * k, (top + bottom) / 2); g.rotate(-Math.PI / 2); g.fillText(plane.labels[1], 0, 0); g.restore()
  }
}

// -- the run at the top

class Wire extends Feed {
  // The feed with a second voice: what is not a frame is news.
  connect() {
    super.connect()
    const { ws } = this, take = ws.onmessage
    ws.onmessage = e => typeof e.data === 'string' ? this.onnews(JSON.parse(e.data)) : take(e)
  }

  say(word) { if (this.open) this.ws.send(word) }
}

class Hero {
  constructor(root) {
    Object.assign(this, { root, slug: DATA.hero, standing: [], news: {}, times: [] })
    this.plots = DATA.planes[this.slug].slice(0, 3).map(p => new Plot($(`[data-testid="live-${CSS.escape(p.key)}"]`, root), p))
    this.spots = Object.fromEntries(['state', 'step', 'instead', 'toggle', 'open'].map(n => [n, $(`[data-testid=${n}]`, root)]))
    this.stats = window.weltnet = { paints: 0, frames: 0, step: 0, seq: -1, digest: '', state: 'waiting', fps: 0, params: () => this.latest?.params, toggle: retheme }
    this.spots.toggle.onclick = () => this.toggle()
    this.calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (this.calm) this.say('Your system asks for less motion, so nothing moves until you ask.', 'Play')
    else this.start()
    setInterval(() => this.tick(), READ)
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.feed?.ask() })
    // A page that comes back from the browser's memory has lost its run.
    addEventListener('pagehide', () => this.feed?.close())
    addEventListener('pageshow', e => { if (e.persisted && !this.calm) this.start() })
  }

  get url() { return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${location.pathname.replace(/\/[^/]*$/, '')}/home/frames` }

  start() {
    this.feed?.close(); this.say(''); this.latest = this.pending = null; this.calm = false; this.news = {}
    const feed = this.feed = new Wire(this.url, b => { if (feed === this.feed) this.arrived(b) })
    feed.onnews = news => { if (feed === this.feed) this.heard(news) }
    this.tick()
  }

  toggle() { this.feed && !this.feed.closed ? this.feed.say('toggle') : this.start() }

  heard(news) {
    this.news = news
    if (news.sentence) { this.say(news.sentence, 'Try again'); this.feed.close() }
    this.tick()
  }

  say(sentence, offer) {
    const { instead } = this.spots
    this.sentence = sentence; instead.hidden = !sentence; instead.replaceChildren()
    if (!sentence) return
    const p = document.createElement('p'), b = document.createElement('button')
    p.textContent = sentence; b.textContent = offer; b.type = 'button'; b.dataset.testid = 'again'; b.onclick = () => this.start()
    instead.append(p, b)
  }

  arrived(buffer) {
    const frame = parse(buffer), first = !this.pending
    if (frame.standing) { this.standing = frame.items; return }
    this.pending = frame; this.feed.have = frame.seq
    if (first) this.feed.ask()
    this.raf ??= requestAnimationFrame(() => { this.raf = null; this.frame() })
  }

  frame() {
    const frame = this.pending, now = performance.now()
    if (!frame) return
    this.pending = null; this.latest = frame
    this.times.push(now); while (this.times[0] < now - 2000) this.times.shift()
    Object.assign(this.stats, { frames: this.stats.frames + 1, step: frame.step, seq: frame.seq, digest: frame.digest, fps: (this.times.length - 1) / Math.max(1, now - this.times[0]) * 1000 })
    this.show(frame, this.standing); this.stats.paints++
    if (this.stats.state !== 'live') this.tick()
    this.feed.ask()
  }

  show(frame, standing = []) {
    const items = [...frame.items, ...standing]
    for (const p of this.plots) { p.items = items.filter(i => i.plain.plane === p.plane.key); p.paint() }
    const now = performance.now()
    if (now - (this.read ?? -READ) < READ) return
    this.read = now
    for (const p of this.plots) {
      // One number under each picture: by preference one that theory foretells.
      const all = p.items.filter(i => i.type === 'Scalar'), seen = all.filter(i => i.side === 'seen'), ghost = s => all.find(i => i.side === 'theory' && i.key === s.key)
      const scalar = seen.find(ghost) ?? seen[0], foretold = scalar && ghost(scalar)
      const say = ({ symbol, value, error }) => `<i>${lowered(symbol)}</i> ${text(value, error)}`
      $(`[data-testid="readouts-${CSS.escape(p.plane.key)}"]`, this.root).innerHTML = scalar ? say(scalar.plain) + (foretold ? ` <em>${foretold.plain.symbol === scalar.plain.symbol ? `theory ${text(foretold.plain.value, foretold.plain.error)}` : say(foretold.plain)}</em>` : '') : ''
    }
  }

  tick() {
    const { stats, news, latest, spots } = this, silent = latest ? performance.now() - this.times.at(-1) : Infinity
    const running = this.feed && !this.feed.closed
    stats.state = !running ? (this.calm ? 'still' : 'ended') : news.progress && !latest ? 'preparing' : latest && news.playing === false && (latest.playing === false || silent > QUIET) ? 'paused' : silent > QUIET ? 'waiting' : 'live'
    this.root.dataset.state = stats.state
    const say = { still: 'at rest', ended: 'not running', preparing: news.progress?.[1], paused: `paused`, waiting: 'starting', live: 'running now' }[stats.state]
    spots.state.className = `state is-${stats.state}`; $('b', spots.state).textContent = say
    spots.step.textContent = latest ? grouped(latest.step) : this.still ? grouped(this.still.step) : '–'
    const on = running && news.playing !== false && stats.state !== 'paused'
    draw(spots.toggle, on ? 'pause' : 'play'); spots.toggle.title = on ? 'Pause  (space)' : 'Play  (space)'; spots.toggle.setAttribute('aria-label', spots.toggle.title)
    if (stats.state === 'waiting') this.feed.doubt()
    this.link()
  }

  link() {
    // The way to this very state: the query of its run, with the step and digest that are on the screen.
    const q = new URLSearchParams(this.latest && !this.feed.closed ? this.news.query : '')
    if (this.latest && this.news.query) { q.set('at', this.latest.step); q.set('digest', this.latest.digest) }
    keep(q)
    this.spots.open.href = `./${this.slug}${q.size ? '?' + q : ''}`
  }
}

// -- the experiments

const FIELDS = ['ComplexField', 'Field', 'MetricField', 'Cloud', 'Paths', 'Series']

class Card {
  constructor(root) {
    Object.assign(this, { root, slug: root.dataset.slug, link: $('h3 a', root) })
    this.plot = new Plot($('canvas', root), DATA.planes[this.slug][0], true)
    // All of a card is its link.
    root.onclick = e => { if (!e.target.closest('a') && !getSelection().toString()) this.link.click() }
  }

  take(frame) {
    const planes = DATA.planes[this.slug], types = planes.map(p => frame.items.filter(i => i.plain.plane === p.key).map(i => i.type))
    const best = FIELDS.map(t => types.findIndex(of => of.includes(t))).find(i => i >= 0) ?? 0
    this.plot.plane = planes[best]; this.plot.items = frame.items.filter(i => i.plain.plane === planes[best].key)
    $('.empty', this.root).hidden = this.filled = true
    this.plot.paint(); this.root.dataset.filled = planes[best].key
  }
}

const still = async slug => {
  const answer = await fetch(`stills/${slug}`)
  return answer.status === 200 ? parse(await answer.arrayBuffer()) : null
}

// -- the page

function retheme() {
  const dark = mode() !== 'dark', u = new URL(location.href)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  u.searchParams.set('theme', dark ? 'dark' : 'light'); history.replaceState(null, '', u)
  dress()
}

function dress() {
  look.read(); draw($('[data-testid=theme]'), mode() === 'dark' ? 'dark' : 'light')
  for (const a of document.querySelectorAll('h3 a, .word')) { const u = new URL(a.getAttribute('href'), location.href); keep(u.searchParams); a.href = u }
  hero.link()
  for (const p of [...hero.plots, ...cards.map(c => c.plot)]) p.paint()
}

const hero = new Hero($('.hero')), cards = [...document.querySelectorAll('.experiment')].map(e => new Card(e))
$('[data-testid=theme]').onclick = retheme
addEventListener('keydown', e => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.shiftKey) return
  if (e.key === ' ' && !e.target.closest('button, a, summary')) { e.preventDefault(); hero.toggle() }
  if (e.key === 't' || e.key === 'T') retheme()
})

async function fill() {
  if (!document.hidden) {
    try {
      if (!hero.latest && !hero.still && (hero.still = await still(hero.slug)) && !hero.latest) hero.show(hero.still)
      for (const card of cards) if (!card.filled) { const frame = await still(card.slug); if (frame) card.take(frame) }
    } catch { /* the server is away: look again */ }
  }
  if (cards.some(c => !c.filled)) setTimeout(fill, LOOK_AGAIN)
}
dress(); fill()
document.fonts.ready.then(dress)
