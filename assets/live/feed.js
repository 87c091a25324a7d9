// The feed: speaks first, holds one ask at a time, stops asking while the tab is hidden, comes back after any silence.

const SILENCE = 5000       // ms after which an open connection that owes a frame is opened anew

class Feed {
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
