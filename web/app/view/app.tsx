import type { PageModel } from '../model/page-model.ts'
import { ConnectPanel } from './connect.tsx'
import { FramesPanel } from './frames.tsx'
import { HeadPanel } from './head-panel.tsx'
import { EvidenceNotice, PhaseAnnouncer, UpdateNotice } from './notices.tsx'
import { PeersPanel, WorkPanel } from './peers.tsx'
import { TamperPanel } from './tamper.tsx'
import { TimesPanel } from './times.tsx'
import { TopBar } from './top-bar.tsx'
import { VerifyFilePanel } from './verify-file.tsx'

/** The whole page. */
export function App({ model }: { readonly model: PageModel }) {
  return (
    <>
      <a class="skip" href="#main">
        Skip to the newest frame
      </a>
      <TopBar model={model} />
      <main id="main" tabIndex={-1}>
        <EvidenceNotice model={model} />
        <UpdateNotice />
        <PhaseAnnouncer model={model} />
        <HeadPanel model={model} />
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
        <ConnectPanel model={model} />
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
