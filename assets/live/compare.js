// Runs kept beside this one: chips under the heading, and a panel that says in what they differ.

const SWATCHES = ['<circle cx="16" cy="6" r="3.4"/>', '<rect x="12.8" y="2.8" width="6.4" height="6.4"/>', '<path d="M16 1.4 20.6 6 16 10.6 11.4 6z"/>', '<path d="M16 1.6 20.3 9.2H11.7z"/>']
const SHUT = 250           // ms after which a closed panel may be opened again
const swatch = slot => `<svg class="swatch pin${slot}" viewBox="0 0 32 12" aria-hidden="true"><path class="dash" stroke-dasharray="${DASHES[slot]}" d="M1 6h30"/>${SWATCHES[slot - 1]}</svg>`

class Compare {
  constructor(page) {
    this.page = page; page.compare = this
    const make = (tag, cls, parent) => { const e = document.createElement(tag); e.className = cls; parent.append(e); return e }
    this.chips = document.createElement('div'); this.chips.className = 'chips'; this.chips.hidden = true
    this.chips.dataset.testid = 'chips'; this.chips.setAttribute('role', 'group'); this.chips.setAttribute('aria-label', 'Pinned runs')
    page.root.querySelector('header.heading').after(this.chips)
    const panel = this.panel = make('section', 'compare', page.root)
    panel.popover = 'auto'; panel.tabIndex = -1; panel.dataset.testid = 'comparison'; panel.setAttribute('role', 'dialog'); panel.setAttribute('aria-label', 'Compare runs')
    panel.innerHTML = `<header><h2>Compare</h2><button type="button" class="pin" title="Keep the run as it is now beside itself  (P)">Pin this run</button>
      <button type="button" class="branch" title="Keep the recorded run beside this one and go on from this step  (B)">Branch here</button>
      <a target="_blank" rel="opener" title="This exact state in a page of its own">Open here in a new page</a>
      <button type="button" class="shut" aria-label="Close">×</button></header>
      <p>Pin this run, then turn a knob: the pinned run goes on as it was, beside this one, and every picture shows both at the same step.</p>
      <div class="scroll"><table><caption></caption><thead></thead><tbody></tbody></table></div>`
    const $ = s => panel.querySelector(s), act = name => () => page.model.send_msg({ act: name })
    $('.pin').onclick = act('pin'); $('.branch').onclick = act('branch'); $('.shut').onclick = () => panel.hidePopover()
    this.link = $('a')
    for (const event of ['pointerdown', 'focus', 'click']) this.link.addEventListener(event, () => this.point())
    panel.addEventListener('beforetoggle', e => { if (e.newState === 'closed') this.shutAt = performance.now() })
    panel.addEventListener('toggle', e => { if (e.newState === 'open') { this.fill(); panel.focus() } })
    Object.assign(page.stats, { compare: () => this.toggle(), latest: () => page.latest })
    this.tick()
  }

  // A click on the button that opened the panel has already closed it.
  toggle() { if (performance.now() - (this.shutAt ?? -SHUT) >= SHUT) this.panel.togglePopover() }

  point() {
    const q = new URLSearchParams(this.page.state.query), here = new URLSearchParams(location.search)
    for (const k of ['theme', 'view']) if (here.get(k)) q.set(k, here.get(k))
    this.link.href = `${location.pathname}?${q}`
  }

  tick() {
    const { pins, compared } = this.page.state
    if (pins !== this.pins) { this.pins = pins; this.label(pins) }
    if (compared !== this.compared) { this.compared = compared; this.fill() }
  }

  label(pins) {
    const told = JSON.stringify(pins.map(p => [p.slot, p.label]))
    if (told === this.told) return
    this.told = told
    const slots = pins.map(p => p.slot).join()
    this.chips.hidden = !pins.length
    if (slots !== this.slots) {
      const focused = this.chips.contains(this.chips.getRootNode().activeElement)
      this.slots = slots; this.chips.replaceChildren()
      for (const { slot } of pins) {
        const chip = document.createElement('span'); chip.className = 'chip'; chip.dataset.testid = `chip-${slot}`
        chip.innerHTML = `${swatch(slot)}<b class="pin${slot}">${slot}</b><span></span><button type="button" title="Unpin">×</button>`
        chip.lastChild.onclick = () => this.page.model.send_msg({ act: 'unpin', value: slot })
        this.chips.append(chip)
      }
      const more = document.createElement('button'); more.type = 'button'; more.className = 'more'; more.textContent = 'compare'; more.onclick = () => this.toggle()
      this.chips.append(more)
      // Whoever unpinned with the keyboard stays in the row.
      if (focused && pins.length) this.chips.querySelector('button').focus()
    }
    pins.forEach(({ slot, label }, i) => {
      const chip = this.chips.children[i]
      chip.querySelector('span').textContent = label; chip.lastChild.setAttribute('aria-label', `Unpin run ${slot}: ${label}`)
    })
  }

  fill() {
    if (!this.panel.matches(':popover-open')) return
    const { pins, compared } = this.page.state, any = pins.length > 0, $ = s => this.panel.querySelector(s)
    $('p').hidden = any; $('.scroll').hidden = !any
    this.point()
    if (!any) return
    const words = { 'outside-regime': 'outside regime' }
    $('caption').textContent = `${pins.length === 1 ? 'Two runs' : `${pins.length + 1} runs`} at the same step, where they differ`
    $('thead').innerHTML = `<tr><td></td><th scope="col">this run</th>${pins.map(p => `<th scope="col" class="pin${p.slot}">${swatch(p.slot)}run ${p.slot}</th>`).join('')}</tr>`
    $('tbody').innerHTML = compared.map(([name, symbol, cells]) => `<tr data-row="${safe(name)}"><th scope="row">${symbol ? `<i>${safe(symbol)}</i> ` : ''}${safe(name)}</th>${cells.map((c, i) => Array.isArray(c)
      ? `<td>${c[0] ? `<b style="color:var(--${safe(c[0])})">${safe(words[c[0]] ?? c[0])}</b> ` : ''}${safe(c[1])}</td>`
      : `<td class="${name === 'digest' ? 'mono' : ''}${i && c !== cells[0] ? ' other' : ''}">${safe(c)}</td>`).join('')}</tr>`).join('')
  }
}
