import { useEffect, useState } from 'preact/hooks'
import type { PageModel } from '../model/page-model.ts'
import { type Section, sectionOf } from '../model/route.ts'
import { AlertBanner, AlertsPanel } from './alerts.tsx'
import { ConnectPanel } from './connect.tsx'
import { FramesPanel } from './frames.tsx'
import { HeadPanel } from './head-panel.tsx'
import { EvidenceNotice, PhaseAnnouncer, UpdateNotice } from './notices.tsx'
import { LazyPeerPanel } from './peer/lazy-peer.tsx'
import { PeersPanel, WorkPanel } from './peers.tsx'
import { LazyExplorer } from './state/lazy-explorer.tsx'
import { TamperPanel } from './tamper.tsx'
import { TimesPanel } from './times.tsx'
import { TopBar } from './top-bar.tsx'
import { VerifyFilePanel } from './verify-file.tsx'

/** The whole page: first what is asked for first, in a second task what lies below it. */
export function App({ model }: { readonly model: PageModel }) {
  const [whole, setWhole] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setWhole(true))
    return () => clearTimeout(timer)
  }, [])
  const { section, opened } = useSection()
  return (
    <>
      <a class="skip" href="#main">
        {section === 'frames' ? 'Skip to the newest frame' : 'Skip to state'}
      </a>
      <TopBar model={model} section={section} />
      <main id="main" tabIndex={-1}>
        <EvidenceNotice model={model} />
        <AlertBanner model={model} />
        <UpdateNotice />
        <PhaseAnnouncer model={model} />
        {/* A section that was opened stays as it was left. */}
        <div class="section" hidden={section !== 'frames'}>
          <HeadPanel model={model} />
          {whole && <Panels model={model} />}
        </div>
        {opened && (
          <div class="section" hidden={section !== 'state'}>
            <LazyExplorer model={model} />
          </div>
        )}
      </main>
      <footer class="foot">
        <p>
          Petal is an independent implementation of the Quilibrium 2.1 protocol, free under Apache-2.0 or MIT.
          Everything green on this page was verified on this device.
        </p>
      </footer>
    </>
  )
}

/** The section that the address names, and whether the explorer was ever opened. */
function useSection(): { readonly section: Section; readonly opened: boolean } {
  const [section, setSection] = useState<Section>(() => sectionOf(location.hash, 'frames'))
  const [opened, setOpened] = useState(section === 'state')
  useEffect(() => {
    const follow = (): void => setSection((before) => sectionOf(location.hash, before))
    // The address may have changed between drawing and this.
    follow()
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  if (section === 'state' && !opened) setOpened(true)
  return { section, opened }
}

function Panels({ model }: { readonly model: PageModel }) {
  return (
    <>
      <div class="columns">
        <FramesPanel model={model} />
        <div class="stack">
          <PeersPanel model={model} />
          <WorkPanel model={model} />
          <TimesPanel model={model} />
        </div>
      </div>
      <div class="columns columns-even">
        <TamperPanel model={model} />
        <VerifyFilePanel model={model} />
      </div>
      <LazyPeerPanel model={model} />
      <AlertsPanel model={model} />
      <ConnectPanel model={model} />
    </>
  )
}
