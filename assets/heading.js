// Title, question, formula (KaTeX, which Panel serves itself) and the line of what was put in by hand.
export function render({ model, el }) {
  const make = (tag, cls, parent, said = '') => { const e = document.createElement(tag); e.className = cls; e.textContent = said; parent.append(e); return e }
  const top = make('div', 'top', el)
  make('h1', 'title', top, model.title); make('p', 'question', top, model.question)
  const formula = make('div', 'formula', top); formula.dataset.testid = 'formula'; formula.setAttribute('role', 'math'); formula.setAttribute('aria-label', model.formula)
  const set = tries => {
    if (window.katex) window.katex.render(model.formula, formula, { throwOnError: false, output: 'htmlAndMathml', trust: false })
    else if (tries) setTimeout(() => set(tries - 1), 100)
    else formula.textContent = model.formula
  }
  set(50)
  const hand = make('p', 'hand', el); hand.title = `Put in by hand: ${model.by_hand}. Emergent: ${model.emergent}.`
  make('b', '', hand, 'Put in by hand: '); hand.append(model.by_hand + ' · '); make('b', '', hand, 'Emergent: '); hand.append(model.emergent)
  for (const [sentence, slug] of model.shaken) {
    hand.append(' · '); make('b', '', hand, 'But '); hand.append(sentence + ' ')
    const way = make('a', '', hand, '(see)'); way.href = slug; way.setAttribute('aria-label', `See why ${sentence}`); way.dataset.testid = 'shaken'
  }
}
