// The scrubber: the time of the run from its beginning to the furthest step recorded, with a tick at every kept state.

const DRAG = 80            // ms between two wishes to go somewhere while the thumb moves; the newest wins
const ARRIVE = 600         // ms for which the thumb stays where it was put, while nothing is said to be computed

class Scrubber {
  constructor(page) {
    this.page = page; page.scrubber = this; this.askedAt = -ARRIVE
    const root = this.root = document.createElement('span'), step = page.spots.step.parentElement
    root.className = 'scrubber'
    root.innerHTML = `<svg viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true"><path/></svg>
      <input type="range" min="0" max="0" step="any" data-testid="scrubber" aria-label="Step of the run" title="Time of the run: drag to go back and forth; ⇧← and ⇧→ go to kept states, Home to the beginning, End to the furthest step">`
    this.input = root.querySelector('input'); this.ticks = root.querySelector('path')
    step.before(root); step.classList.add('steps')
    this.input.oninput = () => this.go(+this.input.value)
    this.input.onkeydown = e => this.typed(e)
    this.tick()
  }

  get end() { return Math.max(this.page.state.end, this.page.stats.step) }

  go(step) {
    const now = performance.now(), { page } = this
    this.goal = Math.round(step); this.askedAt = now; this.going = true
    this.timer ??= setTimeout(() => {
      this.timer = null; this.sentAt = performance.now()
      page.model.send_msg({ act: 'seek', value: this.goal })
    }, Math.max(0, (this.sentAt ?? -DRAG) + DRAG - now))
    this.say(this.goal)
  }

  // To the nearest kept state before (-1) or after (1) this step; beyond them to the beginning or the furthest step.
  hop(way) {
    const from = this.moving ? this.goal : this.page.stats.step, stops = [0, ...this.page.state.kept, this.end]
    const to = way < 0 ? stops.findLast(s => s < from) : stops.find(s => s > from)
    if (to !== undefined) { this.go(to); this.input.value = to }
  }

  typed(e) {
    const act = { ArrowLeft: -1, ArrowDown: -1, PageDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 1, Home: 0, End: 0 }[e.key]
    if (act === undefined || e.ctrlKey || e.altKey || e.metaKey) return
    e.preventDefault(); e.stopPropagation()
    if (!act) this.go(e.key === 'Home' ? 0 : this.end)
    else if (e.shiftKey || e.key.startsWith('Page')) this.hop(act)
    else this.page.model.send_msg({ act: act < 0 ? 'back' : 'forward' })
  }

  get moving() { return this.going && (performance.now() - this.askedAt < ARRIVE || !!this.page.state.progress) }

  tick() {
    const { input, end } = this, kept = this.page.state.kept
    if (+input.max !== end) input.max = end
    if (!this.moving) { this.going = false; input.value = this.page.stats.step; this.say(this.page.stats.step) }
    const d = end ? kept.filter(s => s < end).map(s => `M${(1000 * s / end).toFixed(1)} 3v8`).join('') : ''
    if (d !== this.drawn) { this.drawn = d; this.ticks.setAttribute('d', d) }
  }

  say(step) {
    const words = `step ${step} of ${this.end}`
    if (words !== this.said) { this.said = words; this.input.setAttribute('aria-valuetext', words) }
    this.input.style.setProperty('--at', `${this.end ? 100 * step / this.end : 100}%`)
  }

  close() { clearTimeout(this.timer) }
}
