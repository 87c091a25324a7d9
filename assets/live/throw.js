// Something is released on a plane: a tap says where, a drag also how fast. The arrow is as long, in units of the plane,
// as the velocity it gives: its tip is where what is released would be after a unit of time, if nothing pushed it.

const SLIP = 6             // px within which a drag is a tap; more than Bokeh's, which hears the tap
const NEAR = 14            // px from the place that is marked within which a drag begins at that very place

class Throw {
  constructor(page) {
    this.page = page
    for (const p of page.pictures) if (p.plane.velocity.length) this.attach(p)
  }

  attach(picture) {
    // No tool of the figure answers to a drag here, so what it hears besides does no harm. It holds on to the pointer.
    const { stage } = picture, on = (name, f) => { stage.addEventListener(name, f, true); (this.off ??= []).push(() => stage.removeEventListener(name, f, true)) }
    on('pointerdown', e => {
      this.end()
      if (e.shiftKey || e.button || !e.isPrimary || picture.whole || !e.composedPath().includes(picture.child)) return
      const from = picture.under(e)
      if (from) this.held = { picture, id: e.pointerId, from: this.marked(picture, e) ?? from, x: e.clientX, y: e.clientY }
    })
    on('pointermove', e => {
      const { held } = this
      if (held?.id !== e.pointerId || (!held.velocity && Math.hypot(e.clientX - held.x, e.clientY - held.y) <= SLIP)) return
      if (!held.velocity) {
        // A tool that is switched off leaves its words standing; a pointer that goes away takes them along.
        e.composedPath()[0].dispatchEvent(new PointerEvent('pointerout', { pointerId: e.pointerId, isPrimary: true, clientX: e.clientX, clientY: e.clientY }))
        this.hover(picture, false)
      }
      held.velocity = this.velocity(picture, held.from, picture.under(e, 'beyond'))
      picture.arrow({ from: held.from, to: held.from.map((v, i) => v + held.velocity[i]), said: picture.plane.velocity.map((k, i) => `${k.symbol} ${text(held.velocity[i])}`).join('   ') })
    })
    on('pointerup', e => {
      const { held } = this
      if (held?.id !== e.pointerId) return
      this.end()
      if (!held.velocity) return
      const { region, velocity, x, y } = picture.plane, [a, b] = held.from.map((v, i) => +Math.min(Math.max(v, [x, y][i][0]), [x, y][i][1]).toPrecision(4))
      this.page.model.send_msg({ act: 'throw', value: { [region]: [a, b, a, b], ...Object.fromEntries(velocity.map((k, i) => [k.name, held.velocity[i]])) } })
    })
    on('pointercancel', () => this.end())
  }

  marked(picture, e) {
    // The place that is marked already, if the pointer is on it.
    const box = this.page.params?.[picture.plane.region], at = picture.transform(), { left, top } = picture.stage.getBoundingClientRect()
    if (!box || !at) return null
    const place = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
    return Math.hypot(at.x(place[0]) - e.clientX + left, at.y(place[1]) - e.clientY + top) < NEAR ? place : null
  }

  velocity(picture, from, to) { return picture.plane.velocity.map((k, i) => +Math.min(Math.max(to[i] - from[i], k.low), k.high).toPrecision(3)) }

  // What lies under the pointer is not said while an arrow is drawn, which it would cover.
  hover(picture, active) { picture.figure.toolbar.tools.find(t => t.type === 'HoverTool')?.setv({ active }, { sync: false }) }

  end() {
    const { held } = this
    this.held = null
    if (held?.velocity) { held.picture.arrow(null); this.hover(held.picture, true) }
  }

  key(e) { if (e.key !== 'Escape' || !this.held?.velocity) return false; this.end(); return true }

  close() { for (const f of this.off ?? []) f() }
}

function drawArrow(g, at, { from, to, said }, look) {
  const [x0, y0, x1, y1] = [at.x(from[0]), at.y(from[1]), at.x(to[0]), at.y(to[1])]
  const long = Math.hypot(x1 - x0, y1 - y0), head = Math.min(12 * look.k, long), a = Math.atan2(y1 - y0, x1 - x0)
  const side = turn => [x1 - head * Math.cos(a + turn), y1 - head * Math.sin(a + turn)]
  const path = () => { g.beginPath(); g.moveTo(x0, y0); g.lineTo(x1, y1); g.moveTo(...side(0.45)); g.lineTo(x1, y1); g.lineTo(...side(-0.45)); g.moveTo(x0 + 9 * look.k, y0); g.arc(x0, y0, 9 * look.k, 0, 7) }
  g.save(); g.lineCap = g.lineJoin = 'round'
  // Over fields of every colour a line is seen by its edge.
  for (const [colour, width] of [[look.surface, 5], [look.accent, 2.2]]) { g.strokeStyle = colour; g.lineWidth = width * look.k; path(); g.stroke() }
  g.font = `${12 * look.k}px ${look.sans}`; g.fillStyle = look.ink; g.strokeStyle = look.surface; g.lineWidth = 4 * look.k; g.textBaseline = 'middle'
  const wide = g.measureText(said).width, x = Math.min(Math.max(x1 + (x1 < x0 ? -wide - 10 * look.k : 10 * look.k), at.left + 6), at.right - 6 - wide), y = Math.min(Math.max(y1 + (y1 < y0 ? -12 : 12) * look.k, at.top + 8 * look.k), at.bottom - 8 * look.k)
  g.strokeText(said, x, y); g.fillText(said, x, y)
  g.restore()
}
