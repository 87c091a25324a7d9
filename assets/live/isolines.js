// Lines of equal value on a regular grid, by marching squares, each line whole so that it can be dashed.

const FINEST = 128         // points along an axis, and
const NEAREST = 2.5        // px between two points, beyond which a grid is thinned before its lines are sought

let edges = new Int32Array(0), walked = new Uint8Array(0)

function isolines(f, nx, ny, level, keep) {
  // f: value at (i, j) is f[i ny + j]. keep: labels of the same shape; a square is crossed only where its corners have
  // one label that is not 0. → lines [i, j, i, j, …] in units of the grid, each with the `label` of its squares.
  if (walked.length < 2 * nx * ny) { edges = new Int32Array(4 * nx * ny); walked = new Uint8Array(2 * nx * ny) }
  const link = edges.fill(-1, 0, 4 * nx * ny), done = walked.fill(0, 0, 2 * nx * ny), met = [], lines = []
  // An edge is 2 (i ny + j) from (i, j) to (i + 1, j), and one more from (i, j) to (i, j + 1).
  const one = (e, to) => { if (link[2 * e] < 0) { link[2 * e] = to; met.push(e) } else link[2 * e + 1] = to }
  const join = (e, to) => { one(e, to); one(to, e) }
  for (let i = 0; i + 1 < nx; i++) {
    let o = i * ny, a = f[o] > level, b = f[o + ny] > level
    for (let j = 0; j + 1 < ny; j++, o++) {
      const c = f[o + ny + 1] > level, d = f[o + 1] > level, s = 2 * o, e = 2 * (o + ny) + 1, n = s + 2, w = s + 1
      if (!(a === b && b === c && c === d) && (!keep || keep[o] && keep[o] === keep[o + 1] && keep[o] === keep[o + ny] && keep[o] === keep[o + ny + 1])) {
        if (a !== b && b !== c && c !== d) {
          const high = (f[o] + f[o + 1] + f[o + ny] + f[o + ny + 1]) / 4 > level
          if (high === a) { join(s, e); join(n, w) } else { join(s, w); join(e, n) }
        } else if (a !== b) join(s, b !== c ? e : c !== d ? n : w)
        else if (b !== c) join(e, c !== d ? n : w)
        else join(n, w)
      }
      a = d; b = c
    }
  }
  for (const open of [true, false]) for (const first of met) {
    if (done[first] || open && link[2 * first + 1] >= 0) continue
    const line = []
    for (let from = -1, e = first; e >= 0 && !done[e];) {
      done[e] = 1
      const o = e >> 1, i = o / ny | 0, j = o % ny, p = f[o], q = f[e & 1 ? o + 1 : o + ny], t = (level - p) / (q - p)
      e & 1 ? line.push(i, j + t) : line.push(i + t, j)
      const next = link[2 * e] !== from ? link[2 * e] : link[2 * e + 1]
      from = e; e = next
    }
    if (!open) line.push(line[0], line[1])
    line.label = keep ? keep[first >> 1] : 1
    lines.push(line)
  }
  return lines
}

function strides(item, at) {
  const [x0, x1, y0, y1] = item.plain.extent, stride = (n, px) => Math.max(1, Math.ceil(n / FINEST), Math.floor(NEAREST * n / px))
  return [stride(item.shape.values[0], at.x(x1) - at.x(x0)), stride(item.shape.values[1], at.y(y0) - at.y(y1))]
}

function thinned(item, [sx, sy], take) {
  // take(index of the palette) at points of an item's grid that are one stride apart: [values, nx, ny].
  const [nx, ny] = item.shape.values, v = item.values, mx = Math.ceil(nx / sx), my = Math.ceil(ny / sy), out = new Float32Array(mx * my)
  for (let i = 0, k = 0; i < mx; i++) for (let j = 0, o = i * sx * ny; j < my; j++, k++, o += sy) out[k] = take(v[o])
  return [out, mx, my]
}

function traced(item, at, memory, find) {
  // find(strides) for the values of this frame, once.
  const s = strides(item, at), key = s.join()
  if (memory.values !== item.values || memory.strides !== key) { memory.values = item.values; memory.strides = key; memory.lines = find(item, s) }
  return memory.lines
}

function halfway(item, s) {
  // The lines at half the limit: of a modulus, of a positive field, on both sides of zero of a signed one.
  if (item.type === 'ComplexField') { const [f, nx, ny] = thinned(item, s, v => v & 255); return respread(isolines(f, nx, ny, 127.5), s) }
  const [f, nx, ny] = thinned(item, s, v => v), keep = f.includes(255) ? f.map(v => v < 255) : null
  return (item.plain.signed ? [63.5, 190.5] : [127]).flatMap(level => respread(isolines(f, nx, ny, level, keep), s))
}

function respread(lines, [sx, sy]) {
  if (sx > 1 || sy > 1) for (const l of lines) for (let k = 0; k < l.length; k += 2) { l[k] *= sx; l[k + 1] *= sy }
  return lines
}

function trace(g, at, item, lines) {
  // A path along lines of an item's grid, whose points are the centres of its cells.
  const [nx, ny] = item.shape.values, [x0, x1, y0, y1] = item.plain.extent, dx = (x1 - x0) / nx, dy = (y1 - y0) / ny
  g.beginPath()
  for (const l of lines) for (let k = 0; k < l.length; k += 2) {
    const x = at.x(x0 + (l[k] + 0.5) * dx), y = at.y(y0 + (l[k + 1] + 0.5) * dy)
    k ? g.lineTo(x, y) : g.moveTo(x, y)
  }
}
