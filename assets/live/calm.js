// Whoever asks the system for less motion gets a run that stands still until it is told to play; a link with paused=0
// has been told.

const CALM = 'Paused, as your system asks for less motion: press play, or the space bar, to let time pass.'

class Calm {
  constructor(page) {
    this.page = page; page.calm = matchMedia('(prefers-reduced-motion: reduce)').matches
    this.wanted = page.calm && new URLSearchParams(location.search).get('paused') !== '0'
  }

  frame() {
    if (!this.wanted) return
    this.wanted = false
    if (!this.page.latest.playing) return
    this.page.model.send_msg({ act: 'pause' })
    this.page.note = CALM; this.page.message()
  }

  tick() {
    // Once somebody has let time pass the sentence has served.
    const { page } = this, { state } = page.stats
    if (state === 'paused') this.still = true
    if (state === 'live' && this.still) { this.still = false; if (page.note === CALM) page.note = '' }
  }
}
