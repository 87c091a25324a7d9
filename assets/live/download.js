// What people take away: a menu of figures, data and the run as a script, opened from the bar and from each picture.

const TAKEN = [['png', 'Figure (PNG)', 'all pictures with their captions, for print'], ['svg', 'Figure (SVG)', 'the same, made of lines and text'],
  ['data.csv.zip', 'Data (CSV)', 'a table per observable, for spreadsheets'], ['data.zarr.zip', 'Data (zarr)', 'every bit, for xarray'], ['script.py', 'Open as a script', 'Python that makes this very run again']]

class Download {
  constructor(page) {
    this.page = page
    const menu = this.menu = document.createElement('div'); menu.className = 'taking'; menu.popover = 'auto'; menu.dataset.testid = 'taking'
    menu.setAttribute('role', 'group')
    menu.addEventListener('toggle', e => { if (e.newState === 'closed') this.closed = performance.now() })
    menu.onkeydown = e => this.along(e)
    page.root.append(menu)
    Object.assign(page.stats, { take: (anchor, picture) => this.open(anchor, picture), figure: (kind, key) => this.figure(kind, key), png: key => this.figure('png', key), svg: key => this.figure('svg', key), items: () => page.latest?.items ?? [], file: what => this.address(what) })
  }

  address(what) { return `${location.pathname.replace(/\/[^/]*$/, '')}/take/${this.page.model.run}/${what}` }

  // -- the menu

  open(anchor, picture = null) {
    const { menu } = this
    // A click on its button closes it, as any click elsewhere has just done.
    if (menu.matches(':popover-open') || anchor && this.anchor === anchor && performance.now() - (this.closed ?? -1e3) < 200) { menu.hidePopover(); return }
    this.anchor = anchor; menu.replaceChildren()
    menu.setAttribute('aria-label', picture ? `Take ${picture.plane.title} away` : 'Take away')
    for (const [what, label, hint] of picture ? TAKEN.slice(0, 2) : TAKEN) {
      const b = document.createElement('button'); b.type = 'button'; b.dataset.testid = `take-${what}`
      b.innerHTML = `<b>${picture ? label.replace('Figure', 'Picture') : label}</b><small>${picture ? hint.replace('all pictures with their captions', 'this picture with its caption') : hint}</small>`
      b.onclick = () => this.take(what, picture); menu.append(b)
    }
    this.say = document.createElement('p'); this.say.setAttribute('role', 'status'); this.say.dataset.testid = 'taking-say'; menu.append(this.say)
    menu.showPopover()
    const box = menu.getBoundingClientRect(), at = anchor?.getBoundingClientRect() ?? { left: innerWidth - box.width - 16, bottom: 56 * this.page.look.k, top: 0 }
    const below = at.bottom + 6 + box.height < innerHeight
    menu.style.left = Math.max(8, Math.min(at.left, innerWidth - box.width - 8)) + 'px'; menu.style.top = Math.max(8, below ? at.bottom + 6 : at.top - 6 - box.height) + 'px'
    menu.querySelector('button').focus()
  }

  along(e) {
    // Keys of the page are not meant while the menu has the focus.
    if (e.key !== 'Escape') e.stopPropagation()
    const way = { ArrowDown: 1, ArrowUp: -1 }[e.key], all = [...this.menu.querySelectorAll('button')]
    if (!way) return
    e.preventDefault(); all.at((all.indexOf(this.menu.getRootNode().activeElement) + way) % all.length).focus()
  }

  async take(what, picture) {
    const { menu, say } = this, buttons = menu.querySelectorAll('button')
    say.className = ''; say.setAttribute('role', 'status'); say.textContent = what === 'script.py' ? 'Writing the script…' : 'Preparing the file…'
    for (const b of buttons) b.setAttribute('aria-disabled', 'true')
    try {
      if (what === 'png' || what === 'svg') { const [blob, name] = await this.drawn(what, picture?.plane.key); this.keep(blob, name) }
      else {
        const answer = await this.fetched(what)
        const name = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition'))?.[1] ?? what
        if (what === 'script.py') this.read(await answer.text(), name); else this.keep(await answer.blob(), name)
      }
      if (say === this.say) menu.hidePopover()
    } catch (fault) {
      say.className = 'bad'; say.setAttribute('role', 'alert'); say.textContent = fault.message
    } finally { for (const b of buttons) b.removeAttribute('aria-disabled') }
  }

  async fetched(what) {
    const answer = await fetch(this.address(what), { cache: 'no-store' }).catch(() => { throw new Error('The laboratory does not answer; is it still running?') })
    if (!answer.ok) throw new Error(await answer.text())
    return answer
  }

  keep(blob, name) {
    const a = document.createElement('a')
    a.href = URL.createObjectURL(blob); a.download = name; a.click()
    setTimeout(() => URL.revokeObjectURL(a.href), 10_000)
  }

  // -- figures

  async figure(kind, key) { return (await this.drawn(kind, key))[0] }

  async drawn(kind, key) {
    // The pictures of one frame and the manifest of that very frame, then the sheet they lie on.
    const { page } = this
    await document.fonts?.ready
    for (let tries = 0; tries < 8; tries++) {
      const frame = page.latest, shots = page.pictures.filter(p => p.root.offsetWidth && (!key || p.plane.key === key)).map(picture => ({ picture, items: picture.items }))
      const now = await (await this.fetched('manifest.json')).json()
      // While the run goes on the manifest is of a later step; a knob that was turned since makes it another picture's.
      if (frame && shots.length && now.seed === frame.seed && now.step >= frame.step && JSON.stringify(now.params) === JSON.stringify(frame.params)) {
        const manifest = earlier(now, frame), sheet = new Sheet(page, shots, manifest, !key)
        const name = `weltnet-${manifest.experiment}-seed${manifest.seed}-step${manifest.step}-${manifest.digest.slice(0, 8)}${key ? '-' + key : ''}.${kind}`
        return [await sheet[kind](), name]
      }
      await new Promise(done => setTimeout(done, 250))
    }
    throw new Error('The run was changed while the figure was drawn; take it again.')
  }

  // -- the script

  read(script, name) {
    this.dialog?.remove()
    const dialog = this.dialog = document.createElement('dialog'); dialog.className = 'script'; dialog.dataset.testid = 'script'; dialog.setAttribute('aria-label', 'This run as a script')
    dialog.innerHTML = `<header><b>This run as a script</b><span>${safe(name)}</span></header><pre tabindex="0" aria-label="Script"></pre>
      <footer><p role="status"></p><button type="button" data-testid="script-copy">Copy</button><button type="button" data-testid="script-save">Download</button><button type="button" data-testid="script-close">Close</button></footer>`
    const [copy, save, close] = dialog.querySelectorAll('button'), pre = dialog.querySelector('pre'), say = dialog.querySelector('p')
    pre.textContent = script
    copy.onclick = async () => {
      try { await navigator.clipboard.writeText(script) } catch { getSelection().selectAllChildren(pre); document.execCommand('copy') }
      say.textContent = 'The script is in the clipboard.'
    }
    save.onclick = () => this.keep(new Blob([script], { type: 'text/x-python' }), name)
    close.onclick = () => dialog.close()
    dialog.onkeydown = e => e.stopPropagation()
    dialog.onclose = () => dialog.remove()
    this.page.root.append(dialog); dialog.showModal(); copy.focus()
  }

  close() { this.menu.remove(); this.dialog?.remove() }
}

function earlier(manifest, frame) {
  // The manifest of an earlier step of the same run.
  if (manifest.digest === frame.digest) return manifest
  const [path, query] = manifest.link.split('?'), link = new URLSearchParams(query)
  link.set('at', frame.step); link.set('digest', frame.digest)
  return { ...manifest, step: frame.step, time: frame.time, digest: frame.digest, changes: manifest.changes.filter(([step]) => step <= frame.step), verdicts: [], link: `${path}?${link}` }
}
