// The keyboard: what each key does, in one table that the map of keys is drawn from.

class Keys {
  constructor(page) {
    const act = name => () => page.model.send_msg({ act: name })
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
      [['d', 'D'], 'D', 'take figures, data or a script away', () => page.stats.take()],
      [['t', 'T'], 'T', 'light or dark', () => page.toggle()],
    ]
  }

  key(e) {
    const name = e.shiftKey && e.key.length > 1 ? `Shift+${e.key}` : e.key, row = this.table.find(([keys]) => keys.includes(name))
    row?.[3](e)
    return !!row
  }
}
