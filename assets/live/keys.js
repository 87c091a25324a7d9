// The keyboard: what each key does, in one table that the map of keys is drawn from.

class Keys {
  constructor(page) {
    const act = name => () => page.model.send_msg({ act: name })
    page.keys = this
    this.table = [
      [[' '], 'space', 'pause or play', act('toggle')],
      [['ArrowRight'], '→', 'one step', act('forward')],
      [['ArrowLeft'], '←', 'one step back', act('back')],
      [['Shift+ArrowLeft'], '⇧ ←', 'back to the last kept state', () => page.scrubber.hop(-1)],
      [['Shift+ArrowRight'], '⇧ →', 'on to the next kept state', () => page.scrubber.hop(1)],
      [['Home'], 'Home', 'to the beginning of the run', () => page.scrubber.go(0)],
      [['End'], 'End', 'to the furthest step recorded', () => page.scrubber.go(page.scrubber.end)],
      [['p', 'P'], 'P', 'pin this run beside itself', act('pin')],
      [['b', 'B'], 'B', 'branch: keep what is recorded beside this run, go on from here', act('branch')],
      [['c', 'C'], 'C', 'compare with the pinned runs', () => page.compare.toggle()],
      [['r', 'R'], 'R', 'rewind to the same seed', act('rewind')],
      [['PageDown'], 'Page\u00a0Down', 'on in the tour', () => page.model.send_msg({ act: 'tour', value: 'next' })],
      [['PageUp'], 'Page\u00a0Up', 'back in the tour', () => page.model.send_msg({ act: 'tour', value: 'previous' })],
      [['1', '2', '3', '4'], '1–4', 'answer the tour’s question', e => page.model.send_msg({ act: 'tour', value: { answer: +e.key - 1 } })],
      [['d', 'D'], 'D', 'take figures, data or a script away', () => page.stats.take()],
      [['a', 'A'], 'A', 'all members of a plane, and back', () => page.clouds.toggle()],
      [['+', '=', '-', '0'], '+ − 0', 'in, out and the whole plane, while all members are shown', () => {}],
      [['i', 'I'], 'I', 'lines of constant phase', () => page.isophase()],
      ...page.pictures.some(p => p.plane.velocity.length) ? [[[], 'drag', 'on a plane where a tap places: an arrow, how fast what is placed leaves', () => {}]] : [],
      [[], '⇧ drag', 'select members in every picture; Esc clears', () => {}],
      [['t', 'T'], 'T', 'light or dark', () => page.toggle()],
    ]
  }

  key(e) {
    const name = e.shiftKey && e.key.length > 1 ? `Shift+${e.key}` : e.key, row = this.table.find(([keys]) => keys.includes(name))
    row?.[3](e)
    return !!row
  }
}
