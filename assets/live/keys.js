// The keyboard: what each key does, in one table that the map of keys is drawn from.

class Keys {
  constructor(page) {
    const act = name => () => page.model.send_msg({ act: name })
    this.table = [
      [[' '], 'space', 'pause or play', act('toggle')],
      [['ArrowRight'], '→', 'one step', act('forward')],
      [['ArrowLeft'], '←', 'one step back', act('back')],
      [['r', 'R'], 'R', 'rewind to the same seed', act('rewind')],
      [['t', 'T'], 'T', 'light or dark', () => page.toggle()],
    ]
  }

  key(e) {
    const row = this.table.find(([keys]) => keys.includes(e.key))
    row?.[3](e)
    return !!row
  }
}
