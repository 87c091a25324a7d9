// The look: tokens as the style sheet computes them, and colour maps as tables of pixels, for light and dark.

const mode = () => document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'

class Look {
  // Tokens as computed by the style sheet, and colour maps as tables of pixels, for the theme of this moment.
  constructor(palettes) { this.palettes = palettes; this.read() }

  read() {
    const style = getComputedStyle(document.documentElement)
    const token = name => style.getPropertyValue('--' + name).trim()
    this.k = parseFloat(token('k')) || 1
    for (const name of ['ink', 'ink2', 'ink3', 'surface', 'line2', 'accent', 'production', 'destruction', 'contour',
      'unresolved', 'fails']) this[name] = token(name)
    this.pins = ['', ...[1, 2, 3, 4].map(slot => token('pin' + slot))]
    this.sans = token('sans'); this.serif = token('serif')
    this.colours = this.palettes[mode()]
    this.tables = Object.fromEntries(['signed', 'positive'].map(k => [k, pixels([...this.colours[k], this.unresolved])]))
    this.tables.phase = domain(this.colours.hues, this.surface)
    this.dark = mode() === 'dark'
  }
}

function pixels(colours) {
  const table = new Uint32Array(256)
  colours.forEach((c, i) => {
    const v = parseInt(c.slice(1), 16)
    table[i] = (255 << 24 | (v & 255) << 16 | (v >> 8 & 255) << 8 | v >> 16) >>> 0
  })
  return table
}

function domain(hues, paper) {
  // Pixels of a complex value sent as 256 phase + modulus: modulus 0 is exactly the paper, 255 the hue of the phase.
  const rgb = c => [1, 3, 5].map(i => parseInt(c.slice(i, i + 2), 16)), ground = rgb(paper), table = new Uint32Array(65536)
  hues.forEach((hue, p) => {
    const full = rgb(hue)
    for (let m = 0; m < 256; m++) {
      const [r, g, b] = full.map((c, i) => Math.round(ground[i] + (c - ground[i]) * m / 255))
      table[256 * p + m] = (255 << 24 | b << 16 | g << 8 | r) >>> 0
    }
  })
  return table
}
