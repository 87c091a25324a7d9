// The panel of a tour: what is said, what is asked, what was predicted and what is seen. Python decides which of it is due.

export function render({ model, el }) {
  const send = value => model.send_msg({ act: 'tour', value })
  const make = (tag, cls, parent, props = {}) => { const e = document.createElement(tag); if (cls) e.className = cls; Object.assign(e, props); parent?.append(e); return e }
  const button = (name, say, parent, act, id) => { const b = make('button', name, parent, { type: 'button', textContent: say, onclick: act }); b.dataset.testid = id; return b }
  const box = make('section', 'tour', el); box.dataset.testid = 'tour'
  const head = make('header', 'head', box), place = make('span', 'place', head), title = make('h2', '', head)
  button('leave', '×', head, () => send('leave'), 'tour-leave').setAttribute('aria-label', 'Leave the tour')
  const words = make('div', 'words', box); words.setAttribute('aria-live', 'polite'); words.dataset.testid = 'tour-words'
  const bar = make('progress', '', box, { max: 1 }); bar.setAttribute('aria-label', 'Steps until the tour goes on')
  const foot = make('footer', 'foot', box)
  const back = button('step', '‹', foot, () => send('previous'), 'tour-previous'); back.setAttribute('aria-label', 'Back  (Page Up)'); back.title = 'Back  (Page Up)'
  const on = button('step on', '', foot, () => send('next'), 'tour-next'); on.title = 'On  (Page Down)'

  function choices(s) {
    const list = make('ol', 'choices', words)
    s.choices.forEach((choice, i) => {
      const li = make('li', '', list), mine = i === s.predicted, right = i === s.answer
      if (s.reveal === undefined) { const b = button('', '', li, () => send({ answer: i }), `tour-choice-${i + 1}`); make('kbd', '', b, { textContent: i + 1 }); b.append(choice) }
      else { li.className = right ? 'right' : mine ? 'mine' : 'other'; make('kbd', '', li, { textContent: i + 1 }); li.append(choice); if (mine) make('small', '', li, { textContent: 'predicted' }) }
    })
  }

  function show() {
    const s = model.shown
    box.hidden = !s.tour
    if (!s.tour) { words.replaceChildren(); return }
    title.textContent = s.tour; place.textContent = `${s.stop}/${s.stops}`; place.setAttribute('aria-label', `Stop ${s.stop} of ${s.stops}`)
    const key = JSON.stringify(s)
    if (key !== show.key) {
      const asked = JSON.stringify([s.tour, s.stop, !!s.ask, !!s.reveal]), moved = asked !== show.asked
      show.key = key; show.asked = asked
      words.replaceChildren()
      if (!s.reveal) make('p', 'say', words, { textContent: s.say })
      if (s.ask) { make('p', 'ask', words, { textContent: s.ask }).dataset.testid = 'tour-ask'; choices(s) }
      if (s.reveal) {
        const it = s.choices[s.answer], mine = s.choices[s.predicted]
        if (mine !== undefined) make('p', 'mine', words, { textContent: s.predicted === s.answer ? `You predicted it: ${it}` : `You predicted: ${mine} It is: ${it}` }).dataset.testid = 'tour-predicted'
        make('p', 'say', words, { textContent: s.reveal }).dataset.testid = 'tour-reveal'
      }
      for (const seen of s.seen ?? []) {
        const p = make('p', 'seen', words); p.dataset.word = seen.word
        make('span', '', p, { textContent: `“${seen.claim.replace(/\.$/, '')}” ` }); make('b', '', p, { textContent: seen.as }); if (!seen.said) p.append(' in this run, unlike in the tour’s.')
      }
      if (s.strayed) {
        const p = make('p', 'strayed', words, { textContent: 'You have gone your own way: what is said here is about the tour’s run. ' })
        button('again', 'Back to the tour', p, () => send('again'), 'tour-again')
      }
      // A new word is read from its beginning, however far down the knobs one was.
      if (moved) (s.reveal ? words.querySelector('.ask') : box).scrollIntoView({ block: s.reveal ? 'nearest' : 'start' })
    }
    on.textContent = s.last ? 'End of the tour' : s.ask && !s.reveal ? 'Show it ›' : s.waits && !s.reveal && s.ask === undefined ? 'Skip ahead ›' : 'On ›'
    back.disabled = s.stop === 1 && !s.reveal
  }
  const pass = () => { bar.value = model.fraction; bar.hidden = !model.shown.waits }
  model.on('shown', () => { show(); pass() }); model.on('fraction', pass)
  show(); pass()
}
