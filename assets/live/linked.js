// Axes with one symbol and unit: zooming one zooms the others, and the pointer is marked on all of them.

class Linked {
  constructor(page) {
    this.page = page; this.off = []; this.busy = false
    const { pictures } = page
    for (const i of [0, 1]) {
      // Zooming one axis of a square plane alone would make it oblong, so square planes follow square ones only.
      for (const p of pictures) this.share(p, pictures.filter(q => q !== p && q.plane.axes[i] === p.plane.axes[i] && q.plane.square === p.plane.square), i ? 'y_range' : 'x_range')
    }
    this.sharing = pictures.filter(p => p.plane.axes.some(a => !this.alone(a)))
    for (const p of this.sharing) { page.listen(p.stage, 'pointermove', e => this.point(p, e)); page.listen(p.stage, 'pointerleave', () => this.point(p, null)) }
  }

  share(picture, rest, range) {
    if (!rest.length) return
    const own = picture.figure[range], connect = (signal, slot) => { signal.connect(slot); this.off.push(() => signal.disconnect(slot)) }
    const follow = () => this.quietly(() => { for (const p of rest) p.figure[range].setv({ start: own.start, end: own.end }, { sync: false }) })
    for (const end of ['start', 'end']) connect(own.properties[end].change, follow)
    connect(picture.figure.reset, () => this.quietly(() => { for (const p of rest) p.figure.reset.emit() }))
  }

  quietly(act) {
    if (this.busy) return
    this.busy = true
    try { act() } finally { this.busy = false }
  }

  point(picture, e) {
    // The pointer's place on the axes of one plane, as hairlines on every plane that shares one of them.
    const place = e && picture.under(e), { axes } = picture.plane
    const along = axis => place && !this.alone(axis) && axes.includes(axis) ? place[axes.indexOf(axis)] : null
    for (const p of this.sharing) p.hair(p.plane.axes.map(along))
  }

  alone(axis) { return this.page.pictures.filter(p => p.plane.axes.includes(axis)).length < 2 }

  close() { for (const f of this.off) f() }
}
