// The text alternative of every picture while it lives: the numbers that people read, in a sentence.

const SPOKEN = 5000        // ms between two alternatives of a picture; a pause is said at once

class Spoken {
  constructor(page) { this.page = page; page.stats.alt = key => { const p = page.pictures.find(p => p.plane.key === key); return p ? this.sentence(p) : '' } }

  tick() {
    const { page } = this, now = performance.now(), paused = page.stats.state === 'paused', at = paused && page.stats.seq
    if (!page.latest || (paused ? at === this.at : now - (this.said ?? -SPOKEN) < SPOKEN)) return
    this.said = now; this.at = at
    for (const p of page.pictures) p.body.setAttribute('aria-label', `${p.plane.alt} ${this.sentence(p)}`)
  }

  number({ value, error, unit }) { return `${text(value, error)}${error ? ` ± ${text(error, error)}` : ''}${unit ? ' ' + unit : ''}` }

  sentence(picture) {
    const { page } = this, theory = new Map(picture.items.filter(i => i.side === 'theory').map(i => [i.key, i])), said = []
    for (const item of picture.items) {
      const { plain, type } = item
      if (item.side !== 'seen') continue
      if (type === 'Scalar') {
        const ghost = theory.get(item.key)
        said.push(`${plain.symbol} ${this.number(plain)}${ghost ? `, theory ${this.number(ghost.plain)}` : ''}`)
      } else if (type === 'Series' && item.shape.y[1]) {
        const n = item.shape.y[1]
        plain.names.forEach((name, c) => said.push(`${name || 'curve'} ends at ${text(+item.y[c * n + n - 1].toPrecision(3))}`))
      } else if (type === 'Cloud' && plain.role === 'tracer') { for (let i = 0; i < item.points.length; i += 2) said.push(`${plain.symbol} at ${text(+item.points[i].toPrecision(3))}, ${text(+item.points[i + 1].toPrecision(3))}`) }
      else if (type === 'Cloud') said.push(`${grouped(plain.count)} ${plain.kind ? plain.kind + 's' : 'points'}`)
      else if (type === 'Members') said.push(item.cloud.sentence())
      else if (type === 'MetricField') said.push(`${item.resolved.reduce((s, r) => s + r, 0)} of ${item.resolved.length} cones resolved`)
    }
    for (const [kind, chosen] of page.chosen) if (picture.items.some(i => i.plain.kind === kind)) said.push(`${chosen.reduce((s, v) => s + v, 0)} of ${chosen.length} ${kind}s selected`)
    const pins = new Set(picture.items.map(slotOf).filter(Boolean))
    if (pins.size) said.push(`beside it ${[...pins].map(slot => `run ${slot}, ${picture.called(slot)}`).join('; ')}`)
    return said.length ? `At step ${grouped(page.stats.step)}: ${said.join('; ')}.` : `At step ${grouped(page.stats.step)}.`
  }
}
