// The bar: where we are, time, luck, and links. Native buttons; the theme is the document's own attribute.
const ICON = {
  rewind: 'M6 5h2.4v14H6zM20 5v14L9.5 12z', back: 'M16.5 5v14L6 12zM18 5h2v14h-2z', play: 'M7 4.5v15L20 12z', pause: 'M6.5 5h4v14h-4zM13.5 5h4v14h-4z',
  forward: 'M7.5 5v14L18 12zM4 5h2v14H4z', dice: 'M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm3.2 3.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm7.6 0a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM12 10.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm-3.8 3.8a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm7.6 0a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z',
  link: 'M3.9 12A3.1 3.1 0 0 1 7 8.9h4V7H7a5 5 0 0 0 0 10h4v-1.9H7A3.1 3.1 0 0 1 3.9 12zM8 13h8v-2H8zm9-6h-4v1.9h4a3.1 3.1 0 0 1 0 6.2h-4V17h4a5 5 0 0 0 0-10z',
  light: 'M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11 1.5h2v3.6h-2zM11 18.9h2v3.6h-2zM1.5 11h3.6v2H1.5zM18.9 11h3.6v2h-3.6zM4 5.4 5.4 4 8 6.6 6.6 8zM16 17.4l1.4-1.4 2.6 2.6-1.4 1.4zM4 18.6 6.6 16 8 17.4 5.4 20zM16 6.6 18.6 4 20 5.4 17.4 8z',
  dark: 'M12 3a9 9 0 1 0 9 9c0-.5 0-.9-.1-1.4A5.4 5.4 0 0 1 13.4 3.1 9 9 0 0 0 12 3z',
}
const SPEEDS = [[0.25, '¼'], [0.5, '½'], [1, '1'], [2, '2'], [4, '4'], [8, '8']]

export function render({ model, el }) {
  const bar = document.createElement('div'); bar.className = 'row'; bar.dataset.testid = 'bar'; el.append(bar)
  const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); e.className = cls; Object.assign(e, props); parent.append(e); return e }
  const button = (act, icon, tip, parent, f) => {
    const b = make('button', `icon ${act}`, parent, { type: 'button', title: tip, onclick: f ?? (() => model.send_msg({ act })) })
    b.setAttribute('aria-label', tip); b.dataset.testid = act; draw(b, icon); return b
  }
  const draw = (b, icon) => { if (b.icon !== icon) { b.icon = icon; b.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICON[icon]}"/></svg>` } }

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
  const away = e => { if (!e.composedPath().includes(picker)) picker.open = false }
  document.addEventListener('click', away)
  picker.onkeydown = e => { if (e.key === 'Escape') { picker.open = false; summary.focus() } }

  const time = make('div', 'group', bar); time.setAttribute('role', 'group'); time.setAttribute('aria-label', 'Time')
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
  button('link', 'link', 'Copy link to this exact state', bar)
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
  // On a phone the drawer would lie over the pictures.
  if (innerWidth < 700) for (const root of model.document.roots()) if (root.class_name === 'Page') root.data.setv({ sidebar_open: false })
}
