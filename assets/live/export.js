// Figures to take away: the pictures of one frame, drawn once more on a sheet with words around them, as PNG for print
// and as SVG whose lines, dots and words are lines, dots and words. Fields are one image each.

const PRINT = 2            // device pixels of a PNG per px
const DPI = 96 * PRINT

// What stands in a file for the faces that only the laboratory serves.
const FACES = [
  [/WN Sans/, "'IBM Plex Sans', 'Helvetica Neue', Arial, sans-serif"], [/WN Serif/, "'Source Serif 4', 'Source Serif Pro', Georgia, 'Times New Roman', serif"],
  [/WN Mono/, "'IBM Plex Mono', Menlo, Consolas, monospace"], [/KaTeX/, "'KaTeX_Main', 'Latin Modern Math', 'STIX Two Text', 'Times New Roman', serif"],
]
const UNSEEN = 'button:not(.wheel), .caption, .katex-mathml, [hidden], .spoken, svg'

class Sheet {
  // One frame of some pictures with its manifest; whole: as the page lays them out, under its title.
  constructor(page, shots, manifest, whole) {
    const style = getComputedStyle(document.documentElement), token = name => style.getPropertyValue('--' + name).trim()
    Object.assign(this, { page, shots, manifest, whole, look: page.look, k: page.look.k, margin: 16 * page.look.k, heading: page.model.heading.data })
    this.colours = { paper: token('paper'), line: token('line') }; this.mono = token('mono')
    for (const { picture, items } of shots) picture.tell(items)
    const rects = shots.map(s => s.picture.root.getBoundingClientRect()), left = Math.min(...rects.map(r => r.left)), top = Math.min(...rects.map(r => r.top))
    this.shots.forEach((s, i) => { const { left: x, top: y, width, height } = rects[i]; s.place = { x: x - left, y: y - top, width, height, left: x, top: y } })
    // Words want a column of some width, also under a small picture.
    this.across = Math.max(...rects.map(r => r.right)) - left; this.inner = Math.max(this.across, 440 * this.k); this.tall = Math.max(...rects.map(r => r.bottom)) - top
    this.pen = document.createElement('canvas').getContext('2d')
    this.blocks = this.layout()
    this.width = Math.ceil(this.inner + 2 * this.margin)
    this.height = Math.ceil(this.blocks.reduce((h, b) => h + b.h + b.gap, this.margin))
  }

  font(size, weight = 400, family = this.look.sans, style = 'normal') { return `${style} ${weight} ${size * this.k}px ${family}` }

  layout() {
    const { look, heading, manifest, shots, whole, k } = this, word = (s, size, colour = look.ink2, weight = 400, family = look.sans) => ({ s, font: this.font(size, weight, family), colour, size: size * k })
    const said = parts => this.paragraph(parts), blocks = []
    if (whole) blocks.push(...this.title(word))
    blocks.push({ h: this.tall, gap: 10 * k, paint: (g, x, y) => { for (const shot of shots) this.picture(g, shot, x + (this.inner - this.across) / 2 + shot.place.x, y + shot.place.y) } })
    const captions = shots.flatMap(({ picture: { plane } }) => [word(`${plane.title}: `, 12.5, look.ink, 600), word(`${plane.caption}. `, 12.5)])
    if (!whole) captions.push(word(`${heading.title}: `, 12.5, look.ink, 600), word(`${heading.question} `, 12.5))
    blocks.push(said(captions))
    blocks.push(said([word('Put in by hand: ', 12.5, look.ink, 600), word(`${heading.by_hand}. `, 12.5), word('Emergent: ', 12.5, look.ink, 600), word(`${heading.emergent}.`, 12.5)]))
    blocks.push(said([word(summary(manifest), 10, look.ink3, 400, this.mono)]))
    return blocks
  }

  title(word) {
    // The page's title, its formula beside it where there is room, and the question.
    const { look, heading, k, inner } = this, name = this.paragraph([word(heading.title, 27, look.ink, 500, look.serif)])
    const set = this.page.root.querySelector('.heading > *')?.shadowRoot?.querySelector('.formula'), box = set?.querySelector('.katex-html')?.getBoundingClientRect() ?? { width: 0, height: 0 }
    const beside = name.width + box.width + 30 * k < inner, at = (g, x, y) => replay(g, set, x - box.left, y - box.top)
    const blocks = [{ ...name, gap: 4 * k, paint: (g, x, y) => { name.paint(g, x, y); if (box.width && beside) at(g, x + inner - box.width, y + (name.h - box.height) / 2) } }]
    if (box.width && !beside) blocks.push({ h: box.height, gap: 6 * k, paint: at })
    blocks.push({ ...this.paragraph([word(heading.question, 15, look.ink2, 400, look.serif)]), gap: 10 * k })
    return blocks
  }

  paragraph(parts) {
    // Words of several kinds in lines no longer than the sheet.
    const { pen, inner } = this, lines = [[]], size = Math.max(...parts.map(p => p.size))
    let x = 0, width = 0
    const put = (s, part, w) => {
      const last = lines.at(-1).at(-1)
      if (last && last.font === part.font && last.colour === part.colour) last.s += s; else lines.at(-1).push({ ...part, s, x })
      x += w; width = Math.max(width, x)
    }
    for (const part of parts) {
      pen.font = part.font
      for (let s of part.s.match(/\s*\S+\s*$|\s*\S+/g) ?? []) {
        if (x + pen.measureText(s.trimEnd()).width > inner && x) { lines.push([]); x = 0; s = s.trimStart() }
        // A word longer than a line, such as an address, goes on in the next.
        while (pen.measureText(s).width > inner && s.length > 1) {
          let n = s.length
          while (n > 1 && pen.measureText(s.slice(0, n)).width > inner) n--
          put(s.slice(0, n), part, inner); lines.push([]); x = 0; s = s.slice(n)
        }
        put(s, part, pen.measureText(s).width)
      }
    }
    const step = 1.42 * size
    return { h: lines.length * step, gap: 0.45 * size, width, paint: (g, left, top) => {
      g.textAlign = 'left'; g.textBaseline = 'alphabetic'
      lines.forEach((line, i) => { for (const { s, font, colour, x } of line) { g.font = font; g.fillStyle = colour; g.fillText(s.trimEnd(), left + x, top + (i + 1) * step - 0.38 * size) } })
    } }
  }

  picture(g, { picture, items, place }, x, y) {
    // One picture as it is on the screen: ground, words of its head, what the live layer draws, Bokeh's figure over it.
    const { look } = this, at = picture.transform(), stage = picture.stage.getBoundingClientRect()
    g.fillStyle = look.surface; g.fillRect(x, y, place.width, place.height)
    if (this.whole) { g.strokeStyle = this.colours.line; g.lineWidth = 1; g.strokeRect(x + 0.5, y + 0.5, place.width - 1, place.height - 1) }
    replay(g, picture.root.querySelector('.head'), x - place.left, y - place.top)
    if (!picture.empty.hidden) replay(g, picture.empty, x - place.left, y - place.top)
    if (!at) return
    const dx = x + stage.left - place.left, dy = y + stage.top - place.top
    g.save(); g.translate(dx, dy)
    picture.draw(g, at, items)
    g.restore()
    this.overlay(g, Bokeh.index.find_one(picture.figure), dx, dy)
  }

  paint(g) {
    const x = this.margin
    let y = this.margin * 0.75
    g.fillStyle = this.whole ? this.colours.paper : this.look.surface; g.fillRect(0, 0, this.width, this.height)
    for (const b of this.blocks) { b.paint(g, x, y); y += b.h + b.gap }
  }

  async png() {
    const out = document.createElement('canvas'); out.width = this.width * PRINT; out.height = this.height * PRINT
    const g = out.getContext('2d'); g.scale(PRINT, PRINT)
    this.overlay = (g, view, x, y) => g.drawImage(printed(view), x, y, view.bbox.width, view.bbox.height)
    this.paint(g)
    const blob = await new Promise(done => out.toBlob(done, 'image/png'))
    if (!blob) throw new Error(`A picture of ${out.width} × ${out.height} pixels is more than this browser can make.`)
    return labelled(new Uint8Array(await blob.arrayBuffer()), this.manifest)
  }

  async svg() {
    const g = vectors(Bokeh.index.find_one(this.shots[0].picture.figure), this.width, this.height)
    this.overlay = (g, view, x, y) => { g.save(); g.translate(x, y); g.drawImage(view.export('svg', false).ctx, 0, 0); g.restore() }
    this.paint(g)
    return new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', standalone(g.get_svg(), this)], { type: 'image/svg+xml' })
  }
}

function summary(m) {
  // The manifest in a line.
  const by = m.made_by, knobs = Object.entries(m.differing).map(([name, value]) => `${name} = ${value}`)
  return [`weltnet ${by.version}${by.revision ? ` (git ${by.revision})` : ''}`, m.experiment, `seed ${m.seed}`, `step ${m.step}`, `digest ${m.digest}`, knobs.length ? knobs.join(', ') : 'all knobs at their defaults', ...(m.changes.length ? [`${m.changes.length} made on the way`] : []), m.link].join(' · ')
}

function replay(g, root, dx, dy) {
  // The words of a part of the page where they are on the screen, with rules, colour bars and wheels among them.
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, n => n.nodeType === 1 && n.matches(UNSEEN) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT)
  g.textAlign = 'left'; g.textBaseline = 'alphabetic'
  for (let n = walk.currentNode; n; n = walk.nextNode()) n.nodeType === 1 ? replayBox(g, n, dx, dy) : replayWords(g, n, dx, dy)
}

function replayBox(g, el, dx, dy) {
  const { left, top, width, height, bottom } = el.getBoundingClientRect(), style = getComputedStyle(el), image = style.backgroundImage, x = left + dx, y = top + dy
  if (!width) return
  if (image.includes('-gradient')) {
    const colours = image.slice(image.lastIndexOf('-gradient')).match(/rgba?\([^)]*\)|#[0-9a-f]{6}/gi) ?? []
    if (image.includes('conic')) g.drawImage(wheelOf(colours, image.match(/rgba?\([^)]*\)/)[0], width), x, y, width, height)
    else { const fill = g.createLinearGradient(x, y, x + width, y); colours.forEach((c, i) => fill.addColorStop(i / (colours.length - 1), c)); g.fillStyle = fill; g.fillRect(x, y, width, height) }
  } else if (!/, 0\)$|transparent/.test(style.backgroundColor)) { g.fillStyle = style.backgroundColor; g.fillRect(x, y, width, height) }
  const rule = el.matches('.frac-line, .overline-line') ? parseFloat(style.borderBottomWidth) : 0
  if (rule) { g.fillStyle = style.color; g.fillRect(x, bottom + dy - rule, width, Math.max(0.8, rule)) }
  if (el.matches('.hide-tail')) {
    // A root, whose sign is a drawing in KaTeX too.
    const em = parseFloat(style.fontSize), t = 0.045 * em
    g.strokeStyle = style.color; g.lineWidth = t; g.beginPath(); g.moveTo(x + 0.08 * em, y + 0.62 * height); g.lineTo(x + 0.2 * em, y + 0.55 * height); g.lineTo(x + 0.45 * em, y + height - t); g.lineTo(x + 0.83 * em, y + t); g.lineTo(x + width, y + t); g.stroke()
  }
}

function replayWords(g, node, dx, dy) {
  const said = node.data.replace(/\u200b/g, '')
  if (!said.trim()) return
  const style = getComputedStyle(node.parentElement), range = document.createRange(), vector = !!g.get_svg
  if (style.visibility === 'hidden') return
  const family = vector ? style.fontFamily.replace(/WNK_/g, 'KaTeX ') : style.fontFamily, of = f => `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${f}`
  WORDS.font = of(style.fontFamily)
  const up = WORDS.measureText('x').fontBoundingBoxAscent, put = (from, to) => {
    range.setStart(node, from); range.setEnd(node, to)
    const { left, top, width } = range.getBoundingClientRect()
    if (width) { g.font = of(family); g.fillStyle = style.color; g.exact = width; g.fillText(node.data.slice(from, to).replace(/\u200b/g, ''), left + dx, top + dy + up) }
  }
  range.selectNodeContents(node)
  const whole = range.getClientRects().length === 1, from = node.data.search(/\S/)
  if (whole) put(from, node.data.trimEnd().length)
  else for (const w of node.data.matchAll(/\S+/g)) put(w.index, w.index + w[0].length)
}

const WORDS = document.createElement('canvas').getContext('2d')

function wheelOf(colours, centre, width) {
  const n = Math.round(4 * width), wheel = document.createElement('canvas'); wheel.width = wheel.height = n
  const g = wheel.getContext('2d'), hues = g.createConicGradient(0, n / 2, n / 2), pale = g.createRadialGradient(n / 2, n / 2, 0, n / 2, n / 2, n / 2)
  colours.forEach((c, i) => hues.addColorStop(i / (colours.length - 1), c))
  pale.addColorStop(0, centre); pale.addColorStop(1, centre.replace(/rgba?\(([^,]*,[^,]*,[^,)]*).*/, 'rgba($1,0)'))
  g.beginPath(); g.arc(n / 2, n / 2, n / 2, 0, 7); g.clip(); g.fillStyle = hues; g.fillRect(0, 0, n, n); g.fillStyle = pale; g.fillRect(0, 0, n, n)
  return wheel
}

// -- PNG

function printed(view) {
  // Bokeh draws in as many pixels as the device has; for print it is told of a finer one.
  const real = Object.getOwnPropertyDescriptor(window, 'devicePixelRatio')
  Object.defineProperty(window, 'devicePixelRatio', { configurable: true, get: () => PRINT })
  try { return view.export('png', true).canvas } finally { Object.defineProperty(window, 'devicePixelRatio', real) }
}

function labelled(png, manifest) {
  // The same PNG with its size in print and the manifest as text under the keyword `weltnet`, right after its header.
  const per = Math.round(DPI / 0.0254), size = new Uint8Array(9), view = new DataView(size.buffer), head = 8 + 25
  view.setUint32(0, per); view.setUint32(4, per); size[8] = 1
  const words = new TextEncoder().encode(`weltnet\0\0\0\0\0${JSON.stringify(manifest)}`)
  return new Blob([png.subarray(0, head), chunk('pHYs', size), chunk('iTXt', words), png.subarray(head)], { type: 'image/png' })
}

function chunk(name, data) {
  const out = new Uint8Array(12 + data.length), view = new DataView(out.buffer)
  view.setUint32(0, data.length); out.set(new TextEncoder().encode(name), 4); out.set(data, 8)
  let crc = -1
  for (let i = 4; i < 8 + data.length; i++) { crc ^= out[i]; for (let b = 0; b < 8; b++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0) }
  view.setUint32(8 + data.length, ~crc)
  return out
}

// -- SVG

function vectors(view, width, height) {
  // A context that writes SVG: Bokeh's own, which its figures are exported with, less what it cannot do.
  const g = new (view.export('svg', false).ctx.constructor)({ width, height }), { arc, stroke, drawImage, fillText } = g
  // It takes more than a turn for less than one, a second stroke for a change of the first, and images for as many
  // pixels as they cover.
  g.arc = (x, y, r, from, to, back) => arc.call(g, x, y, r, from, Math.abs(to - from) > 6.28 ? from + 2 * Math.PI : to, back)
  g.stroke = () => { if (g.__currentElement.getAttribute('stroke') !== 'none') g.__init_element(); stroke.call(g) }
  // Words keep their width in whatever face a reader has for them.
  g.fillText = (s, x, y) => {
    const width = g.exact ?? g.measureText(s).width; g.exact = null
    fillText.call(g, s, x, y)
    if (s.length > 1) { g.__currentElement.setAttribute('textLength', width.toFixed(2)); g.__currentElement.setAttribute('lengthAdjust', 'spacingAndGlyphs') }
  }
  g.drawImage = (image, x, y, w, h) => {
    if (image.get_svg) { drawImage.call(g, image, x, y); return }
    const copy = document.createElement('canvas'); copy.width = image.width; copy.height = image.height
    copy.getContext('2d').drawImage(image, 0, 0)
    const node = g.__createElement('image', { x, y, width: w, height: h, preserveAspectRatio: 'none' }), scope = g.__createElement('g')
    node.setAttributeNS('http://www.w3.org/1999/xlink', 'xlink:href', copy.toDataURL())
    g._apply_transform(node); g._apply_global_alpha(node); g._apply_clip_path(scope); scope.append(node); g.get_svg().append(scope)
  }
  return g
}

function standalone(svg, sheet) {
  // An SVG that looks the same where none of our style sheets and faces are.
  const make = (tag, said) => { const e = document.createElementNS(svg.namespaceURI, tag); e.textContent = said; return e }
  const style = getComputedStyle(document.documentElement), near = d => d.replace(/-?\d+\.\d{3,}/g, v => String(+(+v).toFixed(2)))
  for (const e of [...svg.querySelectorAll('*')]) {
    const mute = e.getAttribute('fill') === 'none' && (e.getAttribute('stroke') === 'none' || e.getAttribute('stroke-opacity') === '0')
    if ((e.tagName === 'path' || e.tagName === 'text') && mute && !e.closest('clipPath')) { e.remove(); continue }
    for (const name of ['d', 'x', 'y', 'width', 'height', 'transform']) if (e.hasAttribute(name)) e.setAttribute(name, near(e.getAttribute(name)))
    for (const { name, value } of [...e.attributes]) if (value.includes('var(')) e.setAttribute(name, value.replace(/var\((--[\w-]+)\)/g, (_, token) => style.getPropertyValue(token).trim()))
    const face = e.getAttribute('font-family')
    if (face) e.setAttribute('font-family', FACES.find(([known]) => known.test(face))?.[1] ?? face)
    for (const name of ['text-decoration', 'font-weight', 'font-style']) if (e.getAttribute(name) === 'normal') e.removeAttribute(name)
  }
  svg.setAttribute('viewBox', `0 0 ${sheet.width} ${sheet.height}`)
  const metadata = make('metadata', JSON.stringify(sheet.manifest)); metadata.id = 'weltnet'
  svg.prepend(make('title', `${sheet.heading.title}, seed ${sheet.manifest.seed}, step ${sheet.manifest.step}`), make('desc', sheet.shots.map(s => s.picture.plane.alt).join(' ')), metadata)
  return new XMLSerializer().serializeToString(svg)
}
