// Icons by name, drawn into a button; shared by the bars of all pages.
const ICON = {
  rewind: 'M6 5h2.4v14H6zM20 5v14L9.5 12z', back: 'M16.5 5v14L6 12zM18 5h2v14h-2z', play: 'M7 4.5v15L20 12z', pause: 'M6.5 5h4v14h-4zM13.5 5h4v14h-4z',
  forward: 'M7.5 5v14L18 12zM4 5h2v14H4z', dice: 'M5 3h14a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2zm3.2 3.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm7.6 0a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zM12 10.4a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm-3.8 3.8a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2zm7.6 0a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z',
  download: 'M11 3.5h2v9.2l3.3-3.3 1.4 1.4-5.7 5.7-5.7-5.7 1.4-1.4 3.3 3.3zM4.5 18.5h15v2h-15z',
  branch: 'M6 3a2.5 2.5 0 0 1 1 4.8v8.4a2.5 2.5 0 1 1-2 0V7.8A2.5 2.5 0 0 1 6 3zm12 2a2.5 2.5 0 0 1 1 4.8V11a4 4 0 0 1-4 4h-3a2 2 0 0 0-2 2H8a4 4 0 0 1 4-4h3a2 2 0 0 0 2-2V9.8A2.5 2.5 0 0 1 18 5z',
  compare: 'M3 4h8v16H3zM5 6v12h4V6zM13 4h8v16h-8z',
  link: 'M3.9 12A3.1 3.1 0 0 1 7 8.9h4V7H7a5 5 0 0 0 0 10h4v-1.9H7A3.1 3.1 0 0 1 3.9 12zM8 13h8v-2H8zm9-6h-4v1.9h4a3.1 3.1 0 0 1 0 6.2h-4V17h4a5 5 0 0 0 0-10z',
  light: 'M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM11 1.5h2v3.6h-2zM11 18.9h2v3.6h-2zM1.5 11h3.6v2H1.5zM18.9 11h3.6v2h-3.6zM4 5.4 5.4 4 8 6.6 6.6 8zM16 17.4l1.4-1.4 2.6 2.6-1.4 1.4zM4 18.6 6.6 16 8 17.4 5.4 20zM16 6.6 18.6 4 20 5.4 17.4 8z',
  dark: 'M12 3a9 9 0 1 0 9 9c0-.5 0-.9-.1-1.4A5.4 5.4 0 0 1 13.4 3.1 9 9 0 0 0 12 3z',
}

const draw = (b, icon) => { if (b.icon !== icon) { b.icon = icon; b.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICON[icon]}"/></svg>` } }
