// Lines of constant phase on every complex field, for eyes that do not tell hues: key I, the wheel of a legend, or iso=1.

const COS = Float32Array.from({ length: 256 }, (_, p) => Math.cos(2 * Math.PI * p / 256))
const FAINT = 8            // of 255: a modulus below which a phase means nothing

function phases(item, s) {
  // Lines of phase 0°, 90°, 180°, 270°: where one part of ψ vanishes, split by the sign of the other.
  const [re, nx, ny] = thinned(item, s, v => (v & 255) * COS[v >> 8]), [im] = thinned(item, s, v => (v & 255) * COS[(v >> 8) + 192 & 255])
  const sign = part => part.map((x, k) => re[k] * re[k] + im[k] * im[k] < FAINT * FAINT ? 0 : x > 0 ? 1 : -1)
  const real = respread(isolines(im, nx, ny, 0, sign(re)), s), imaginary = respread(isolines(re, nx, ny, 0, sign(im)), s)
  return [real.filter(l => l.label > 0), imaginary.filter(l => l.label > 0), real.filter(l => l.label < 0), imaginary.filter(l => l.label < 0)]
}

function isophase(g, at, item, look, memory) {
  // Lines of constant phase, told apart without colour: 0° heavy, 90° thin, 180° dashed, 270° dotted.
  g.lineJoin = 'round'
  traced(item, at, memory, phases).forEach((lines, quarter) => {
    if (!lines.length) return
    const width = (quarter ? 1 : 2.2) * look.k
    trace(g, at, item, lines)
    g.globalAlpha = 0.55; g.strokeStyle = look.surface; g.lineWidth = width + 1.6 * look.k; g.stroke(); g.globalAlpha = 1
    g.setLineDash([[], [], [6, 4], [1.5, 3]][quarter].map(d => d * look.k)); g.strokeStyle = look.ink; g.lineWidth = width; g.stroke(); g.setLineDash([])
  })
}

class Isophase {
  // A browser may refuse to keep anything.
  static kept() { try { return localStorage.getItem('weltnet.iso') } catch { return null } }

  constructor(page) {
    const asked = new URLSearchParams(location.search).get('iso')
    this.page = page; page.look.isophase = asked ? asked === '1' : Isophase.kept() === '1'
    page.isophase = () => this.toggle()
    for (const p of page.pictures) p.legend.addEventListener('click', e => { if (e.target.closest('.wheel')) this.toggle() })
  }

  toggle() {
    const { page } = this, on = page.look.isophase = !page.look.isophase, u = new URL(location.href)
    try { localStorage.setItem('weltnet.iso', on ? '1' : '') } catch { /* the address keeps it */ }
    if (on) u.searchParams.set('iso', '1'); else u.searchParams.delete('iso')
    history.replaceState(null, '', u)
    for (const wheel of page.root.querySelectorAll('.wheel')) wheel.setAttribute('aria-pressed', on)
    for (const p of page.pictures) p.dirty = true
    page.wake()
  }
}
