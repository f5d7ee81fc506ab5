#!/usr/bin/env node
// The launcher. It runs on whatever Node the machine has and re-executes the command under the Node that package.json pins,
// because the sources are TypeScript that only a recent Node runs directly.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

function pinnedNode() {
  try {
    const home = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

const node = pinnedNode()
if (!node) {
  console.error(`tocsin: the pinned Node is not installed. Run "npm ci" in ${root} and try again.`)
  process.exit(3)
}

// The signal handlers keep this process alive until the real one has drained; a terminal sends its signals to both.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

// Messages live for some milliseconds: a young generation that holds a few batches of them spares the collector a quarter of the work.
const flags = ['--max-semi-space-size=64']
const child = spawn(node, [...flags, join(root, 'src', 'cli', 'tocsin.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(signal ? 3 : (code ?? 3)))
