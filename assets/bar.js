// The bar: where we are, time, luck, and links. Native buttons; the theme is the document's own attribute.
const SPEEDS = [[0.25, '¼'], [0.5, '½'], [1, '1'], [2, '2'], [4, '4'], [8, '8']]

export function render({ model, el }) {
  const bar = document.createElement('div'); bar.className = 'row'; bar.dataset.testid = 'bar'; el.append(bar)
  const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); e.className = cls; Object.assign(e, props); parent.append(e); return e }
  const button = (act, icon, tip, parent, f) => {
    const b = make('button', `icon ${act}`, parent, { type: 'button', title: tip, onclick: f ?? (() => model.send_msg({ act })) })
    b.setAttribute('aria-label', tip); b.dataset.testid = act; draw(b, icon); return b
  }

  make('a', 'word', bar, { href: './', textContent: 'weltnet' })
  const picker = make('details', 'picker', bar), here = model.experiments.findIndex(e => e.slug === model.slug)
  picker.dataset.testid = 'picker'
  const summary = make('summary', '', picker, { title: 'All experiments' }); summary.innerHTML = `<small>${String(here + 1).padStart(2, '0')}</small>`; summary.append(model.experiments[here]?.title ?? '')
  const menu = make('nav', 'menu', picker); menu.setAttribute('aria-label', 'Experiments')
  let group = ''
  model.experiments.forEach((e, i) => {
    if (e.group !== group) { group = e.group; make('b', '', menu, { textContent: group }) }
    const a = make('a', '', menu, { href: `./${e.slug}` }); a.innerHTML = `<small>${String(i + 1).padStart(2, '0')}</small>`; a.append(e.title)
    if (i === here) a.setAttribute('aria-current', 'page')
  })
  const away = e => { for (const m of [picker, tours]) if (!e.composedPath().includes(m)) m.open = false }
  document.addEventListener('click', away)
  bar.addEventListener('keydown', e => { const m = e.key === 'Escape' && e.composedPath().find(x => x.tagName === 'DETAILS'); if (m) { m.open = false; m.querySelector('summary').focus() } })

  const time = make('div', 'group time', bar); time.setAttribute('role', 'group'); time.setAttribute('aria-label', 'Time')
  button('rewind', 'rewind', 'Rewind to the same seed  (R)', time)
  button('back', 'back', 'One step back  (←)', time)
  const play = button('toggle', 'pause', 'Pause  (space)', time)
  button('forward', 'forward', 'One step  (→)', time)
  const speed = make('select', 'speed', time, { title: 'Speed: 1× is 50 learning steps a second' }); speed.setAttribute('aria-label', 'Speed'); speed.dataset.testid = 'speed'
  for (const [v, name] of SPEEDS) make('option', '', speed, { value: v, textContent: `${name}×` })
  speed.onchange = () => model.send_msg({ act: 'speed', value: +speed.value })

  const luck = make('div', 'group luck', bar); luck.setAttribute('role', 'group'); luck.setAttribute('aria-label', 'Seed')
  const label = make('label', '', luck, { textContent: 'seed' })
  const seed = make('input', 'seed', label, { inputMode: 'numeric', title: 'Enter begins again with this seed', spellcheck: false }); seed.dataset.testid = 'seed-input'
  seed.onkeydown = e => { if (e.key === 'Enter') { model.send_msg({ act: 'seed', value: seed.value.trim() }); seed.blur() } if (e.key === 'Escape') { seed.value = model.seed; seed.blur() } }
  seed.onblur = () => { seed.value = model.seed }
  button('reseed', 'dice', 'New seed', luck)
  make('span', 'gap', bar)
  const tours = make('details', 'picker tours', bar); tours.dataset.testid = 'tours'
  make('summary', '', tours, { title: 'Guided tours', textContent: 'Tours' })
  const walks = make('nav', 'menu', tours); walks.setAttribute('aria-label', 'Guided tours')
  const kept = new URLSearchParams(location.search), where = ['theme', 'view'].filter(k => kept.get(k)).map(k => `&${k}=${kept.get(k)}`).join('')
  for (const e of [...model.tours].sort((a, b) => (b.slug === model.slug) - (a.slug === model.slug))) {
    make('b', '', walks, { textContent: e.title })
    for (const t of e.tours) {
      const a = make('a', '', walks, { href: `./${e.slug}?tour=${t.name}${where}`, textContent: t.title }); make('small', 'minutes', a, { textContent: `${t.minutes} min` }); a.dataset.testid = `tour-${t.name}`
      if (e.slug === model.slug) a.onclick = x => { if (!x.ctrlKey && !x.metaKey && !x.shiftKey) { x.preventDefault(); tours.open = false; model.send_msg({ act: 'tour', value: { start: t.name } }) } }
    }
  }
  button('branch', 'branch', 'Branch: keep the recorded run beside this one, go on from here  (B)', bar)
  button('compare', 'compare', 'Pin and compare runs  (C)', bar, () => window.weltnet?.compare())
  button('download', 'download', 'Take figures, data or a script away  (D)', bar, e => window.weltnet?.take(e.currentTarget)).setAttribute('aria-haspopup', 'true')
  button('link', 'link', 'Copy link to this exact state', bar)
  button('keys', 'keys', 'Keys  (?)', bar, () => window.weltnet?.keys()).setAttribute('aria-haspopup', 'dialog')
  const theme = button('theme', 'light', 'Light or dark  (T)', bar, () => window.weltnet?.toggle())

  const show = () => {
    draw(play, model.playing ? 'pause' : 'play')
    play.title = model.playing ? 'Pause  (space)' : 'Play  (space)'; play.setAttribute('aria-label', play.title)
    speed.value = String(model.speed)
    if (document.activeElement !== seed && el.getRootNode().activeElement !== seed) seed.value = model.seed
    seed.style.width = `${Math.max(5, model.seed.length) + 1.4}ch`
  }
  const hue = () => draw(theme, document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light')
  const themes = new MutationObserver(hue); themes.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  for (const name of ['playing', 'speed', 'seed']) model.on(name, show)
  model.on('remove', () => { themes.disconnect(); document.removeEventListener('click', away) })
  show(); hue()
  // On a phone the drawer would lie over the pictures, on a tablet it leaves them too little room.
  const phone = matchMedia('(max-width: 1000px)'), fold = () => { if (phone.matches) for (const root of model.document.roots()) if (root.class_name === 'Page') root.data.setv({ sidebar_open: false }) }
  phone.addEventListener('change', fold); model.on('remove', () => phone.removeEventListener('change', fold)); fold()
}
