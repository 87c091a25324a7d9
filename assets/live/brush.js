// Linked brushing: a box drawn with shift selects the members inside it, and every plane that shows them marks them.

const SMALLEST = 3         // px along both sides below which a box is a slip of the hand

class Brush {
  constructor(page) {
    this.page = page; page.chosen = new Map()
    this.chip = document.createElement('div'); this.chip.className = 'chosen'; this.chip.dataset.testid = 'chosen'; this.chip.setAttribute('role', 'status')
    for (const p of page.pictures) this.attach(p)
  }

  attach(picture) {
    const { stage } = picture
    let from = null
    // Ahead of the figure's own tools, which never hear of a drag that begins with shift.
    const on = (name, f) => { const heard = e => { if (name === 'pointerdown' ? e.shiftKey && e.button === 0 : from) { e.stopPropagation(); e.preventDefault(); f(e) } }; stage.addEventListener(name, heard, true); (this.off ??= []).push(() => stage.removeEventListener(name, heard, true)) }
    const end = () => { from = null; picture.box(null) }
    on('pointerdown', e => { from = picture.under(e); if (from) stage.setPointerCapture(e.pointerId) })
    on('pointermove', e => picture.box([from, picture.under(e, true)]))
    on('pointerup', e => { const [a, b] = [from, picture.under(e, true)]; end(); this.select(picture, a, b) })
    on('pointercancel', end)
  }

  select(picture, a, b) {
    const at = picture.transform(), [x0, x1] = [a[0], b[0]].sort((p, q) => p - q), [y0, y1] = [a[1], b[1]].sort((p, q) => p - q)
    this.clear()
    if (Math.abs(at.x(x1) - at.x(x0)) < SMALLEST && Math.abs(at.y(y1) - at.y(y0)) < SMALLEST) return
    const said = new Map()
    for (const item of picture.items) {
      const { kind } = item.plain
      if (!kind || item.side !== 'seen') continue
      const size = memberCount(item), chosen = this.page.chosen.get(kind) ?? new Uint8Array(size)
      eachMember(item, (i, x, y) => { if (x >= x0 && x <= x1 && y >= y0 && y <= y1) chosen[i] = 1 })
      this.page.chosen.set(kind, chosen)
      const n = chosen.reduce((s, v) => s + v, 0), all = item.plain.count > size
      said.set(kind, `${n} of ${all ? `the ${grouped(size)} ${kind}s drawn` : `${grouped(size)} ${kind}s`} selected`)
    }
    this.show(picture, said.size ? [...said.values()].join(', ') : 'No members are drawn here: nothing to select.')
  }

  show(picture, words) {
    this.chip.replaceChildren(words)
    const clear = document.createElement('button'); clear.type = 'button'; clear.textContent = '×'; clear.title = 'Clear the selection  (Esc)'; clear.setAttribute('aria-label', clear.title); clear.onclick = () => this.clear()
    this.chip.append(clear); picture.body.append(this.chip)
    this.repaint()
  }

  clear() { this.page.chosen.clear(); this.chip.remove(); this.repaint() }

  repaint() { for (const p of this.page.pictures) if (p.items.some(i => i.plain.kind)) p.dirty = true; this.page.wake() }

  // A run that begins anew with fewer members is not the one they were selected in.
  frame(frame) { for (const i of frame.items) { const c = this.page.chosen.get(i.plain.kind); if (c && i.side === 'seen' && c.length !== memberCount(i)) { this.clear(); return } } }

  key(e) { if (e.key !== 'Escape' || !this.chip.isConnected) return false; this.clear(); return true }

  close() { for (const f of this.off ?? []) f() }
}

function memberCount(item) {
  // How many members an observable lists; a closed path lists its first one twice.
  if (item.type === 'Series') return item.shape.y[1]
  const n = item.points.length / 2
  if (item.type === 'Cloud') return n
  return Math.max(0, ...Array.from(item.starts, (from, k) => { const to = item.starts[k + 1] ?? n; return to - from - isClosed(item.points, from, to) }))
}

function eachMember(item, f) {
  // f(member, x, y) for every point of an observable.
  if (item.type === 'Series') { const [curves, n] = item.shape.y; for (let c = 0; c < curves; c++) for (let i = 0; i < n; i++) f(i, item.x[i], item.y[c * n + i]); return }
  const p = item.points, n = p.length / 2, starts = item.starts ?? [0]
  for (let k = 0; k < starts.length; k++) {
    const from = starts[k], to = starts[k + 1] ?? n
    for (let i = from; i < to; i++) f(i - from, p[2 * i], p[2 * i + 1])
  }
}
