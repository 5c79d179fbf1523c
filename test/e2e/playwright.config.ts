/** The page in Chromium against real nodes, which each spec starts by itself (node.ts). `dist/web` and the addon must be built. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from '@playwright/test'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A browser named by hand, the one that the set-up found, the distribution's; else Playwright's own download. */
function chromium(): string | undefined {
  if (process.env.PETAL_CHROMIUM) return process.env.PETAL_CHROMIUM
  const found = `${root}.petal/chromium`
  if (existsSync(found)) return readFileSync(found, 'utf8').trim()
  return existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined
}

const executablePath = chromium()

export default defineConfig({
  testDir: '.',
  outputDir: `${root}test-results`,
  // Nodes and pages share few cores: one after the other, so that times mean something.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 30_000 },
  reporter: 'list',
  use: {
    browserName: 'chromium',
    viewport: { width: 1280, height: 900 },
    trace: 'off',
    launchOptions: {
      ...(executablePath === undefined ? {} : { executablePath }),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
