// What a tour points at: planes and cards to look at, and in a hall the three of each that are shown.

const IN_A_HALL = 3        // pictures, and cards, that a projector shows at once

class Looked {
  constructor(page) {
    this.page = page
    this.cards = [...page.root.querySelectorAll('.cards > *')].filter(e => e.tagName !== 'H2')
    if (page.model.view === 'projector') page.root.querySelector('.cards').style.setProperty('--n', Math.min(IN_A_HALL, this.cards.length))
    this.tick()
  }

  tick() {
    const { model, state, pictures, params } = this.page, { look, apart } = state
    const broken = model.saboteurs.filter(s => params?.broken.includes(s.name)).flatMap(s => s.turns), key = JSON.stringify([look, apart, broken])
    if (key === this.was) return
    this.was = key
    this.mark(pictures.map(p => p.root), pictures.map(p => p.plane.key), look, [], [])
    this.mark(this.cards, model.claims, look, broken, apart)
  }

  mark(elements, names, look, broken, apart) {
    // What is looked at comes first among those that have room, then what is being broken, and last what cannot be said
    // here at all; but all stand in their usual order.
    const hall = this.page.model.view === 'projector', rank = name => look.includes(name) ? 0 : broken.includes(name) ? 1 : apart.includes(name) ? 3 : 2
    const shown = new Set(names.map((name, i) => [rank(name), i]).sort(([a, i], [b, j]) => a - b || i - j).slice(0, hall ? IN_A_HALL : Infinity).map(([, i]) => i))
    // Bokeh writes the classes of its own elements anew whenever it likes.
    elements.forEach((e, i) => { e.dataset.tour = look.includes(names[i]) ? 'looked' : shown.has(i) ? '' : 'aside' })
  }
}

// What is said when an assumption is broken, over the heading, where it hides no picture and no verdict.

class Told {
  constructor(page) {
    this.page = page
    this.box = document.createElement('div'); this.box.className = 'told'; this.box.dataset.testid = 'told'; this.box.setAttribute('role', 'status'); this.box.setAttribute('aria-live', 'polite')
    this.said = document.createElement('p')
    const close = document.createElement('button'); close.type = 'button'; close.textContent = '×'; close.setAttribute('aria-label', 'Dismiss'); close.onclick = () => page.model.send_msg({ act: 'heard' })
    this.box.append(this.said, close); this.box.hidden = true
    page.root.querySelector('.heading').append(this.box)
  }

  tick() {
    const { told } = this.page.state
    if (this.said.textContent !== told) this.said.textContent = told
    this.box.hidden = !told
  }
}
