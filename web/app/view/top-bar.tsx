import { useState } from 'preact/hooks'
import type { PageModel } from '../model/page-model.ts'
import { SECTIONS, type Section } from '../model/route.ts'
import { chooseTheme, chosenTheme, THEMES, type Theme } from '../theme.ts'
import { Icon, type IconName } from './icon.tsx'

const THEME_ICONS: Readonly<Record<Theme, IconName>> = { auto: 'auto', light: 'sun', dark: 'moon' }

export function TopBar({ model, section }: { readonly model: PageModel; readonly section: Section }) {
  const network = model.client.network
  // Read so that the bar follows the moment when the description arrives.
  void model.state.value
  return (
    <header class="top-bar">
      <p class="brand">
        <Mark />
        <span class="brand-word">Petal</span>
      </p>
      <nav class="sections" aria-label="Sections">
        {SECTIONS.map((known) => (
          <a key={known.section} href={known.hash} aria-current={known.section === section ? 'page' : undefined}>
            {known.title}
          </a>
        ))}
      </nav>
      <p class="network">
        {network === null ? (
          'No network yet'
        ) : (
          <>
            <span class="network-word">Network </span>
            {network.network}
          </>
        )}
        {network !== null && <span class="network-profile"> {network.profile}</span>}
      </p>
      <ThemeButton />
    </header>
  )
}

function Mark() {
  return (
    <svg class="mark" viewBox="-100 -100 200 200" aria-hidden="true">
      {[0, 72, 144, 216, 288].map((turn) => (
        <path key={turn} transform={`rotate(${turn})`} d="M0 -14C52 -34 46 -80 0 -94C-46 -80 -52 -34 0 -14Z" />
      ))}
    </svg>
  )
}

function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(chosenTheme)
  const following = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
  return (
    <button
      type="button"
      class="quiet theme"
      aria-label={`Colours: ${theme}. Change to ${following}.`}
      onClick={() => {
        chooseTheme(following)
        setTheme(following)
      }}
    >
      <Icon name={THEME_ICONS[theme]} />
      <span class="theme-word">{theme}</span>
    </button>
  )
}
