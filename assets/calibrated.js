// The calibrations under the cards: one line in the status row; pressed, it opens the table over the page.

const WORDS = { reproduced: 'reproduced', missed: 'missed', '': 'not run yet' }

export function render({ model, el }) {
  el.innerHTML = `<div class="calibrated" data-testid="calibrated">
    <button type="button" class="line" data-testid="calibrated-line" aria-haspopup="dialog"><i></i><span></span></button>
    <button type="button" class="act" data-testid="calibrate"></button>
    <section popover data-testid="calibrations" role="dialog" aria-label="Calibrations">
      <header><b>Calibrations</b><span>what the estimators of this page measure where the answer is known</span>
        <button type="button" class="again">Run again</button><button type="button" class="close" aria-label="Close">×</button></header>
      <div class="scroll"><table><thead><tr><th>case</th><th>known answer</th><th>estimator</th><th class="n">known</th><th class="n">measured</th><th></th></tr></thead><tbody></tbody></table></div>
    </section></div>`
  const $ = s => el.querySelector(s), root = $('.calibrated'), table = $('section'), act = $('.act')
  const cell = (name, text, title = '') => { const td = document.createElement('td'); td.className = name; td.textContent = text; td.title = title; return td }
  const said = () => {
    const { state, line, rows, fraction } = model
    root.dataset.state = state; root.style.setProperty('--done', `${100 * fraction}%`)
    $('.line span').textContent = line; $('.line').title = `${line}. Press to see every known answer.`
    act.textContent = state === 'running' ? 'Stop' : 'Calibrate'
    act.hidden = !['running', 'none', 'some'].includes(state)
    $('.again').hidden = state === 'running'
    $('tbody').replaceChildren(...rows.map(r => {
      const tr = document.createElement('tr'); tr.dataset.word = r.word
      tr.append(cell('title', r.title), cell('known', r.known), cell('mono', r.estimator), cell('n', `${r.symbol} = ${r.expected}`),
        cell('n', r.measured || '–', r.fault), cell('word', WORDS[r.word], r.fault))
      return tr
    }))
  }
  $('.line').onclick = () => table.togglePopover()
  $('.close').onclick = () => table.hidePopover()
  act.onclick = () => model.send_msg({ act: model.state === 'running' ? 'stop' : 'calibrate' })
  $('.again').onclick = () => model.send_msg({ act: 'calibrate' })
  for (const name of ['state', 'line', 'rows', 'fraction']) model.on(name, said)
  said()
}
