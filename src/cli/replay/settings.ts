import { resolve } from 'node:path'
import { ConfigFaults, loadConfig } from '../../config.ts'
import { UsageFault } from '../usage.ts'
import type { Setting } from './replay.ts'

/**
 * The policy of a configuration file; of the installation here (`TOCSIN_CONFIG`, else `tocsin.config.ts` in the current folder, else that of a fresh
 * install) when none is named. `option`: what names it on the command line. Throws `UsageFault` with every fault of the file.
 */
export async function settingOf(file?: string, option = '--policy'): Promise<Setting> {
  const named = file === undefined ? process.env.TOCSIN_CONFIG : resolve(file)
  try {
    const { policy, policyHash, window, application, isAllowListed } = await loadConfig(
      named ? { TOCSIN_CONFIG: named } : {},
      { named: file === undefined ? 'TOCSIN_CONFIG' : option },
    )
    return { policy, policyHash, window, application, isAllowListed }
  } catch (error) {
    if (error instanceof ConfigFaults) throw new UsageFault(`the policy has faults:\n${error.message}`)
    throw error
  }
}
