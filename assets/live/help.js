// The map of keys: a native dialog drawn from the table of keys, so that it can never say what a key does not do.

class Help {
  constructor(page) {
    const { table } = page.keys
    table.push([['?'], '?', 'this map', () => this.open()])
    page.stats.keys = () => this.open()
    const dialog = this.dialog = document.createElement('dialog'); dialog.className = 'keys'; dialog.dataset.testid = 'keymap'; dialog.setAttribute('aria-labelledby', 'keymap')
    dialog.innerHTML = `<header><h2 id="keymap">Keys</h2><form method="dialog"><button aria-label="Close">×</button></form></header><dl></dl>
      <p>On a slider the arrows turn it, Enter takes an exact value, Delete goes back to its default. Tab goes on, Escape closes.</p>`
    // A press beside the map closes it: there the event's own target is the dialog, inside it is what it holds.
    dialog.onclick = e => { if (e.target === dialog) dialog.close() }
    page.root.append(dialog)
    this.table = table
  }

  open() {
    this.dialog.querySelector('dl').innerHTML = this.table.map(([, key, does]) => `<div><dt>${key.split(' ').map(k => `<kbd>${safe(k)}</kbd>`).join(' ')}</dt><dd>${safe(does)}</dd></div>`).join('')
    this.dialog.showModal()
  }
}
