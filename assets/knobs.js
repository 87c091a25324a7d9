// The knobs of an experiment: native inputs, so that keyboard, touch and screen readers work as people expect.
// What is turned goes to Python as {set: {name: value}}, at most 20 times a second; what Python says is shown at once,
// except in the knob that is being turned.

const EVERY = 50

export function render({ model, el }) {
  const rows = new Map()
  let pending = {}, timer = 0, sent = 0

  const flush = () => { timer = 0; sent = performance.now(); const set = pending; pending = {}; model.send_msg({ set }) }
  const turn = (name, value) => { pending[name] = value; if (!timer) timer = setTimeout(flush, Math.max(0, EVERY - (performance.now() - sent))) }

  const place = (k, v) => k.log ? Math.log(v / k.low) / Math.log(k.high / k.low) * 1000 : (v - k.low) / (k.high - k.low) * 1000
  const value = (k, p) => {
    const v = k.log ? k.low * (k.high / k.low) ** (p / 1000) : k.low + (k.high - k.low) * p / 1000
    return Math.min(k.high, Math.max(k.low, k.kind === 'integer' ? Math.round(v) : +v.toPrecision(3)))
  }
  const show = v => typeof v !== 'number' ? v : (Math.abs(v) >= 10000 ? String(v).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009') : Math.abs(v) < 1e-3 && v ? v.toExponential(1).replace('e-', '·10⁻').replace(/⁻(\d+)$/, (_, d) => '⁻' + [...d].map(c => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]).join('')) : String(+v.toPrecision(4))).replace('-', '−')

  const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); if (cls) e.className = cls; Object.assign(e, props); parent?.append(e); return e }

  function row(k, parent) {
    const r = make('div', 'knob', parent); r.dataset.testid = `knob-${k.name}`; r.title = k.tip
    const head = make('label', 'label', r); head.htmlFor = `k-${k.name}`
    make('span', 'symbol', head, { textContent: k.symbol }); make('span', 'name', head, { textContent: k.label })
    const shown = make('span', 'value', head)
    let input
    if (k.kind === 'choice') {
      input = make('select', '', r, { id: `k-${k.name}` })
      for (const c of k.choices) make('option', '', input, { value: c, textContent: c })
      input.onchange = () => turn(k.name, input.value)
      rows.set(k.name, { k, input, set: v => { input.value = v } })
    } else if (k.kind === 'region') {
      const hint = make('div', 'hint', r)
      input = make('button', 'clear', head, { id: `k-${k.name}`, type: 'button', textContent: 'clear' })
      input.onclick = () => turn(k.name, null)
      const two = x => show(+x.toFixed(2))
      rows.set(k.name, { k, input, set: v => {
        input.hidden = !v
        hint.textContent = !v ? `tap or drag on ${k.plane}` : v[0] === v[2] && v[1] === v[3] ? `(${two(v[0])}, ${two(v[1])})` : `${two(v[0])} … ${two(v[2])} × ${two(v[1])} … ${two(v[3])}`
      } })
    } else {
      input = make('input', '', r, { id: `k-${k.name}`, type: 'range', min: 0, max: 1000, step: 'any' })
      const label = v => { shown.innerHTML = ''; shown.append(show(v)); if (k.unit) make('small', '', shown, { textContent: ` ${k.unit}` }); input.setAttribute('aria-valuetext', `${show(v)} ${k.unit}`); input.style.setProperty('--at', place(k, v) / 10 + '%') }
      const entry = { k, input, held: false, set: v => { entry.now = v; if (!entry.held) input.value = place(k, v); label(v) } }
      const hold = on => { entry.held = on; if (!on) input.value = place(k, entry.now) }
      input.onpointerdown = () => hold(true); input.onpointerup = input.onpointercancel = () => hold(false); input.onblur = () => hold(false)
      input.oninput = () => { const v = value(k, +input.value); entry.now = v; label(v); turn(k.name, v) }
      input.onkeydown = e => {
        const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[e.key]
        if (!way) return
        e.preventDefault()
        let v = value(k, Math.min(1000, Math.max(0, place(k, entry.now) + way * 10)))
        if (k.kind === 'integer' && v === entry.now) v = Math.min(k.high, Math.max(k.low, v + Math.sign(way)))
        entry.set(v); input.value = place(k, v); turn(k.name, v)
      }
      rows.set(k.name, entry)
    }
  }

  function build() {
    el.replaceChildren(); rows.clear()
    const box = make('div', 'board', el); box.dataset.testid = 'knobs'
    if (model.presets.length) {
      const r = make('div', 'knob preset', box); r.dataset.testid = 'presets'
      make('label', 'label', r, { htmlFor: 'presets', textContent: 'Preset' })
      const s = make('select', '', r, { id: 'presets' })
      make('option', '', s, { value: '', textContent: 'choose what to look for' })
      for (const p of model.presets) make('option', '', s, { value: p.name, textContent: p.name, title: p.look_for })
      const say = make('p', 'lookfor', r)
      s.onchange = () => { const p = model.presets.find(p => p.name === s.value); say.textContent = p?.look_for ?? ''; if (p) model.send_msg({ preset: p.name }) }
    }
    for (const [group, knobs] of model.groups) {
      const g = make('section', 'group', box)
      if (group) { make('h2', '', g, { textContent: group }); g.setAttribute('aria-label', group) }
      for (const k of knobs) row(k, g)
    }
    make('div', 'derived', box).dataset.testid = 'derived'
    follow(); derive()
  }
  const follow = () => { for (const [name, v] of Object.entries(model.values)) rows.get(name)?.set(v) }
  const derive = () => {
    const d = el.querySelector('.derived'); d.replaceChildren()
    for (const [symbol, said] of model.derived) { const p = make('p', '', d); make('i', '', p, { textContent: symbol }); p.append(' = '); make('b', '', p, { textContent: said }) }
  }
  build()
  model.on('values', follow); model.on('derived', derive)
  // A refused value is said by Python; the knob goes back to the last one that was taken.
  model.on('msg:custom', () => follow())
  model.on('remove', () => clearTimeout(timer))
}
