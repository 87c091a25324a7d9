// A frame's bytes as arrays (weltnet.codec), and its numbers as people read them.

const ARRAYS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i4: Int32Array, f4: Float32Array, f8: Float64Array }

function parse(buffer) {
  // uint32 length · JSON header · buffers, each aligned to 8 bytes (weltnet.codec).
  const n = new DataView(buffer).getUint32(0, true), base = 4 + n
  const frame = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, n)))
  for (const item of frame.items) {
    for (const [name, a] of Object.entries(item.arrays)) {
      const length = a.shape.reduce((x, y) => x * y, 1)
      item[name] = new ARRAYS[a.dtype](buffer, base + a.offset, length)
      item.shape = { ...item.shape, [name]: a.shape }
    }
  }
  return frame
}

function text(x, error = 0) {
  // As weltnet_app.theme.number: the digits its error allows, else four; a true minus.
  if (!Number.isFinite(x)) return '–'
  let s
  if (error > 0 && Math.max(Math.abs(x), error) < 1e-3) s = x.toExponential(1)
  else if (error > 0) {
    const digits = Math.max(0, Math.min(Math.abs(x) < 0.01 ? 6 : 4, 1 - Math.floor(Math.log10(error))))
    s = Math.abs(x) < 1e5 ? x.toFixed(digits) : x.toExponential(2)
  } else if (Number.isInteger(x) && Math.abs(x) < 1e6) s = String(x)
  else s = Math.abs(x) < 1e-4 || Math.abs(x) >= 1e6 ? x.toExponential(2) : String(+x.toPrecision(4))
  if (s.includes('e')) {
    const [m, p] = s.split('e')
    s = `${m}·10${[...String(+p)].map(c => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)]).join('')}`
  }
  return s.replace('-', '−')
}

const grouped = n => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, '\u2009')

const safe = s => String(s).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c])

// A symbol as it is set: what follows its underscore stands lower.
const lowered = s => safe(s).replace(/_(\w+)/g, '<sub>$1</sub>')
