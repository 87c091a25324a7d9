// The presenter's large controls: what one does in front of a hall, as far as it can be hit from where one stands.

const HALL_SPEEDS = [0.5, 1, 2, 4]

class Presenter {
  constructor(page) {
    if (page.model.view !== 'projector') return
    this.page = page
    const bar = this.bar = document.createElement('div'); bar.className = 'presenter'; bar.dataset.testid = 'presenter'; bar.setAttribute('role', 'toolbar'); bar.setAttribute('aria-label', 'Presenter')
    const send = (act, value = null) => () => page.model.send_msg({ act, value })
    const button = (name, label, f) => {
      const b = document.createElement('button'); b.type = 'button'; b.className = name; b.onclick = f; b.dataset.testid = `big-${name.split(' ').at(-1)}`; b.setAttribute('aria-label', label); b.title = label
      bar.append(b); return b
    }
    const icon = (name, label, f, sign) => { const b = button(name, label, f); draw(b, sign); return b }
    icon('rewind', 'Rewind to the same seed', send('rewind'), 'rewind')
    this.play = icon('toggle', 'Pause', send('toggle'), 'pause')
    icon('forward', 'One step', send('forward'), 'forward')
    this.speed = button('speed', 'Speed', () => page.model.send_msg({ act: 'speed', value: HALL_SPEEDS[(HALL_SPEEDS.indexOf(page.state.speed) + 1) % HALL_SPEEDS.length] }))
    this.breaks = page.model.saboteurs.map(({ name, assumption }) => {
      const b = button(`break ${name}`, `Break it: ${assumption}`, () => page.model.send_msg({ act: 'break', value: name }))
      b.innerHTML = `<span><b>Break it</b> ${safe(assumption)}</span>`
      return [name, b, assumption]
    })
    this.tour = [button('on-tour previous', 'Back in the tour', send('tour', 'previous')), button('on-tour next', 'On in the tour', send('tour', 'next'))]
    this.tour.forEach((b, i) => { b.textContent = '‹›'[i] })
    page.root.append(bar)
    this.tick()
  }

  tick() {
    if (!this.bar) return
    const { state, params } = this.page, broken = params?.broken ?? []
    draw(this.play, state.playing ? 'pause' : 'play'); this.play.setAttribute('aria-label', state.playing ? 'Pause' : 'Play'); this.play.title = state.playing ? 'Pause' : 'Play'
    const speed = { 0.25: '¼', 0.5: '½' }[state.speed] ?? state.speed
    this.speed.textContent = `${speed}×`; this.speed.setAttribute('aria-label', `Speed ${speed}×`)
    for (const [name, b, assumption] of this.breaks) {
      const on = broken.includes(name); b.setAttribute('aria-pressed', on)
      b.querySelector('b').textContent = on ? 'Broken' : 'Break it'; b.setAttribute('aria-label', `${on ? 'Broken' : 'Break it'}: ${assumption}`)
    }
    for (const b of this.tour) b.hidden = !state.touring.tour
  }
}
