// The knobs of an experiment: native inputs, so that keyboard, touch and screen readers work as people expect.
// What is turned goes to Python as {set: {name: value}}, at most 20 times a second; what Python says is shown at once,
// except in the knob that is being turned.

const EVERY = 50
const CHECK = 150   // ms without a key, after which a formula is shown to Python

export function render({ model, el }) {
  const rows = new Map()
  let pending = {}, timer = 0, sent = 0

  const flush = () => { timer = 0; sent = performance.now(); const set = pending; pending = {}; model.send_msg({ set }) }
  const turn = (name, value) => { chosen = -Infinity; pending[name] = value; if (!timer) timer = setTimeout(flush, Math.max(0, EVERY - (performance.now() - sent))) }

  const place = (k, v) => k.log ? Math.log(v / k.low) / Math.log(k.high / k.low) * 1000 : (v - k.low) / (k.high - k.low) * 1000
  const value = (k, p) => {
    const v = k.log ? k.low * (k.high / k.low) ** (p / 1000) : k.low + (k.high - k.low) * p / 1000
    return Math.min(k.high, Math.max(k.low, k.kind === 'integer' ? Math.round(v) : +v.toPrecision(3)))
  }
  const show = v => typeof v !== 'number' ? v : (Math.abs(v) >= 10000 ? String(v).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009') : Math.abs(v) < 1e-3 && v ? v.toExponential(1).replace('e-', '·10⁻').replace(/⁻(\d+)$/, (_, d) => '⁻' + [...d].map(c => '⁰¹²³⁴⁵⁶⁷⁸⁹'[c]).join('')) : String(+v.toPrecision(4))).replace('-', '−')

  const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); if (cls) e.className = cls; Object.assign(e, props); parent?.append(e); return e }

  // One bubble for all knobs: under the pointer after a while, at once where the keyboard is; Escape takes it away.
  let tip, late = 0
  const hide = () => { clearTimeout(late); if (tip?.matches(':popover-open')) tip.hidePopover() }
  const explain = r => {
    const { right, top } = r.getBoundingClientRect()
    tip.textContent = r.tip; tip.showPopover()
    Object.assign(tip.style, { left: `${right + 12}px`, top: `${Math.max(8, Math.min(top - 6, innerHeight - tip.offsetHeight - 8))}px` })
  }
  const described = (r, input, words) => {
    r.tip = words; input.setAttribute('aria-description', words)
    r.onpointerenter = e => { if (e.pointerType === 'mouse') { clearTimeout(late); late = setTimeout(() => explain(r), 600) } }
    r.onpointerleave = hide; r.addEventListener('focusin', e => { if (e.target.matches(':focus-visible')) explain(r) }); r.addEventListener('focusout', hide)
    r.addEventListener('pointerdown', hide); r.addEventListener('keydown', e => { if (e.key === 'Escape') hide() })
  }

  function row(k, parent) {
    const r = make('div', 'knob', parent); r.dataset.testid = `knob-${k.name}`
    const head = make('div', 'label', r), name = make('label', '', head, { htmlFor: `k-${k.name}` })
    const [letter, ...low] = k.symbol.split('_'), symbol = make('span', 'symbol', name, { textContent: letter }); if (low.length) make('sub', '', symbol, { textContent: low.join('_') })
    make('span', 'name', name, { textContent: k.label })
    let input, words = k.tip
    if (k.kind === 'choice') {
      input = make('select', '', r, { id: `k-${k.name}` })
      for (const c of k.choices) make('option', '', input, { value: c, textContent: c })
      input.onchange = () => turn(k.name, input.value)
      rows.set(k.name, { k, input, set: v => { input.value = v } })
    } else if (k.kind === 'formula') {
      // Python says at every pause whether what is typed could be taken; until Enter the run keeps the old formula.
      input = make('textarea', 'formula', r, { id: `k-${k.name}`, rows: 3, spellcheck: false, autocomplete: 'off' })
      input.setAttribute('autocapitalize', 'off')
      const say = make('p', 'said', r, { id: `said-${k.name}` }); say.setAttribute('role', 'status'); input.setAttribute('aria-describedby', say.id)
      words += '\nEnter takes it, Escape goes back.'
      let wait = 0
      const ask = enter => { clearTimeout(wait); model.send_msg({ check: { name: k.name, text: input.value, enter } }) }
      const told = ({ text, fault, taken }) => {
        if (text !== input.value.slice(0, 1000) && !taken) return
        input.setAttribute('aria-invalid', String(!!fault)); say.classList.toggle('fault', !!fault)
        if (taken) input.value = entry.now
        say.textContent = fault || (input.value === entry.now ? '' : 'Enter takes it.')
      }
      const entry = { k, input, told, set: v => { if (v !== entry.now) { entry.now = v; input.value = v; told({ text: v, fault: '' }) } r.hidden = !!k.when && model.values[k.when[0]] !== k.when[1] } }
      input.oninput = () => { hide(); clearTimeout(wait); wait = setTimeout(() => ask(false), CHECK) }
      input.onkeydown = e => {
        if (e.key === 'Enter') { e.preventDefault(); hide(); ask(true) }
        if (e.key === 'Escape') { clearTimeout(wait); input.value = entry.now; told({ text: entry.now, fault: '' }) }
      }
      rows.set(k.name, entry)
    } else if (k.kind === 'region') {
      const hint = make('div', 'hint', r)
      input = make('button', 'clear', head, { id: `k-${k.name}`, type: 'button', textContent: 'clear' })
      input.onclick = () => turn(k.name, null)
      const two = x => show(+x.toFixed(2))
      rows.set(k.name, { k, input, set: v => {
        input.hidden = !v
        hint.textContent = !v ? k.velocity ? `tap on ${k.plane}, drag for speed` : `tap or drag on ${k.plane}` : v[0] === v[2] && v[1] === v[3] ? `(${two(v[0])}, ${two(v[1])})` : `${two(v[0])} … ${two(v[2])} × ${two(v[1])} … ${two(v[3])}`
      } })
    } else {
      input = make('input', '', r, { id: `k-${k.name}`, type: 'range', min: 0, max: 1000, step: 'any' })
      words += `\nEnter: type a value. Delete or double click: back to ${show(k.default)}.`
      const shown = make('button', 'value', head, { type: 'button', tabIndex: -1, onclick: () => type(k, entry, shown) })
      const label = v => { shown.innerHTML = ''; shown.append(show(v)); if (k.unit) make('small', '', shown, { textContent: ` ${k.unit}` }); const said = `${show(v)} ${k.unit}`.trim(); input.setAttribute('aria-valuetext', said); shown.setAttribute('aria-label', `${k.label} ${said}: type a value`); input.style.setProperty('--at', place(k, v) / 10 + '%') }
      const entry = { k, input, held: false, set: v => { entry.now = v; if (!entry.held) input.value = place(k, v); label(v) } }
      const hold = on => { entry.held = on; if (!on) input.value = place(k, entry.now) }
      input.onpointerdown = () => hold(true); input.onpointerup = input.onpointercancel = () => hold(false); input.onblur = () => hold(false)
      input.oninput = () => { const v = value(k, +input.value); entry.now = v; label(v); turn(k.name, v) }
      const reset = () => { entry.set(k.default); input.value = place(k, k.default); turn(k.name, k.default) }
      input.ondblclick = reset
      input.onkeydown = e => {
        if (e.key === 'Enter') { e.preventDefault(); type(k, entry, shown) }
        if (e.key === 'Delete' || e.key === 'Backspace') { e.preventDefault(); reset() }
        const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[e.key]
        if (!way) return
        e.preventDefault()
        let v = value(k, Math.min(1000, Math.max(0, place(k, entry.now) + way * 10)))
        if (k.kind === 'integer' && v === entry.now) v = Math.min(k.high, Math.max(k.low, v + Math.sign(way)))
        entry.set(v); input.value = place(k, v); turn(k.name, v)
      }
      rows.set(k.name, entry)
    }
    described(r, input, words)
  }

  function type(k, entry, shown) {
    // An exact value in place of the one that is shown; what is not allowed is refused by the one validator, in Python.
    const before = el.getRootNode().activeElement, box = make('input', 'value', null, { type: 'text', value: String(entry.now), spellcheck: false, autocomplete: 'off' })
    box.setAttribute('aria-label', `${k.label}, ${k.unit || 'exact value'}`); box.dataset.testid = `type-${k.name}`
    let done = false
    const close = (take, back) => {
      if (done) return
      done = true
      const given = box.value.trim().replace('−', '-').replace(/[\s\u2009]/g, '')
      box.replaceWith(shown)
      if (back) (before === entry.input ? before : shown).focus({ focusVisible: true })
      if (take && given !== String(entry.now)) turn(k.name, given && Number.isFinite(+given) ? +given : given)
    }
    box.onkeydown = e => { e.stopPropagation(); if (e.key === 'Enter' || e.key === 'Escape') { e.preventDefault(); close(e.key === 'Enter', true) } }
    box.onblur = () => close(true, false)
    shown.replaceWith(box); box.focus(); box.select()
  }

  // Which preset the knobs show: one whose values they are, or the one they came from. What follows from a preset's
  // values in the state of the run (Experiment.settle) belongs to it; what a person turns afterwards does not.
  const store = `weltnet.preset.${location.pathname}`, SETTLES = 10_000
  let origin = null, base = null, chosen = -Infinity
  const same = (a, b) => typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) <= 1e-3 * Math.max(Math.abs(a), Math.abs(b)) : Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((x, i) => same(x, b[i])) : a === b
  const free = new Set(model.groups.flatMap(([, knobs]) => knobs.filter(k => k.kind === 'region').map(k => k.name)))
  const agrees = (p, values) => Object.keys(values).every(n => same(values[n], model.values[n]) || (free.has(n) && !p.named.includes(n)))
  const kept = JSON.parse(sessionStorage[store] ?? '{}')
  if (kept.values && Object.keys(kept.values).every(n => same(kept.values[n], model.values[n]))) { origin = model.presets.find(p => p.name === kept.name) ?? null; base = kept.base }

  function preset() {
    const box = el.querySelector('.preset select')
    if (!box) return
    if (origin && performance.now() - chosen < SETTLES) {
      const arrived = origin.named.length ? origin.named.every(n => same(origin.values[n], model.values[n])) : agrees(origin, origin.values)
      if (!arrived) return
      base = { ...model.values }
    }
    const exact = model.presets.filter(p => agrees(p, p.values))
    if (exact.length && !exact.includes(origin)) { origin = exact[0]; base = origin.values }
    const now = origin && (exact.includes(origin) || agrees(origin, base))
    box.options[0].textContent = origin && !now ? `changed from ${origin.name}` : 'choose what to look for'
    box.value = now ? origin.name : ''
    el.querySelector('.lookfor').textContent = now ? origin.look_for : ''
    if (origin) sessionStorage[store] = JSON.stringify({ name: origin.name, base, values: model.values })
  }

  function build() {
    el.replaceChildren(); rows.clear()
    tip = make('div', 'tip', el, { popover: 'manual' }); tip.setAttribute('role', 'tooltip')
    const fold = make('details', 'fold', el, { open: !model.folded })
    make('summary', '', fold, { textContent: 'Knobs', hidden: !model.folded })
    const box = make('div', 'board', fold); box.dataset.testid = 'knobs'
    if (model.presets.length) {
      const r = make('div', 'knob preset', box); r.dataset.testid = 'presets'
      make('label', 'label', r, { htmlFor: 'presets', textContent: 'Preset' })
      const s = make('select', '', r, { id: 'presets' })
      make('option', '', s, { value: '', textContent: 'choose what to look for' })
      for (const p of model.presets) make('option', '', s, { value: p.name, textContent: p.name, title: p.look_for })
      make('p', 'lookfor', r).setAttribute('role', 'status')
      s.onchange = () => { const p = model.presets.find(p => p.name === s.value); if (p) { origin = p; base = p.values; chosen = performance.now(); model.send_msg({ preset: p.name }) } }
    }
    for (const [group, knobs] of model.groups) {
      const g = make('section', 'group', box)
      if (group) { make('h2', '', g, { textContent: group }); g.setAttribute('aria-label', group) }
      for (const k of knobs) row(k, g)
    }
    make('div', 'derived', box).dataset.testid = 'derived'
    follow(); derive()
  }
  const follow = () => { for (const [name, v] of Object.entries(model.values)) rows.get(name)?.set(v); preset() }
  const derive = () => {
    const d = el.querySelector('.derived'); d.replaceChildren()
    for (const [symbol, said] of model.derived) { const p = make('p', '', d); make('i', '', p, { textContent: symbol }); p.append(' = '); make('b', '', p, { textContent: said }) }
  }
  build()
  model.on('values', follow); model.on('derived', derive)
  // A refused value is said by Python; the knob goes back to the last one that was taken.
  model.on('msg:custom', m => { const said = (m?.data ?? m).said; if (said) rows.get(said.name)?.told(said); else follow() })
  model.on('remove', () => clearTimeout(timer))
}
