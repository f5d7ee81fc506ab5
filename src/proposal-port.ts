import { randomBytes } from 'node:crypto'
import type { RefusalCode } from './core/commands.ts'
import type { ProposalCommand } from './core/proposal-decisions.ts'
import type { Proposal } from './core/proposals.ts'
import { act } from './engine/operator.ts'
import type { Partition } from './engine/partition.ts'
import type { ProposalRunner } from './engine/proposals.ts'
import type { OperatorPort, ProposalRefusalCode, ProposalStatus, Proposed, SampledHold } from './inbound/operator.ts'
import { uuidv7 } from './std/uuid.ts'

type ProposalPort = Pick<OperatorPort, 'propose' | 'proposals' | 'approve' | 'cancel'>

/** Proposals about what is held, as operators see them over HTTP. `available` tells faults of the journal as the door knows them. */
export function proposalPort({
  partition,
  runner,
  available,
}: {
  partition: Partition
  runner: ProposalRunner
  available<T>(what: () => Promise<T>): Promise<T>
}): ProposalPort {
  const statusOf = ({ sample, mark: _, ...proposal }: Proposal): ProposalStatus => ({
    ...proposal,
    waiting: runner.blocked(proposal.id),
    sample: sample.map(id => sampled(partition, id)),
  })

  const decided = (command: ProposalCommand): Promise<Proposed> =>
    available(async () => {
      const answer = await act(partition, command)
      if (answer.type === 'refused')
        return { status: 'refused', code: answer.code as RefusalCode & ProposalRefusalCode }
      runner.wake()
      return { status: 'done', proposal: statusOf(partition.state.proposals.get(command.proposal)!) }
    })

  return {
    propose: wanted => {
      const proposal = uuidv7(partition.now(), 0, randomBytes(8))
      return decided({ type: 'ProposeHolds', proposal, ...wanted })
    },
    approve: (proposal, by) => decided({ type: 'ApproveProposal', proposal, by }),
    cancel: (proposal, by) => decided({ type: 'CancelProposal', proposal, by }),
    proposals: async () => [...partition.state.proposals.values()].reverse().map(statusOf),
  }
}

function sampled({ state }: Partition, id: SampledHold['id']): SampledHold {
  const message = state.messages.get(id)
  if (!message || message.status.is === 'ready') return { id }
  const { facts, lane, reasons, decidedAt, expiresAt } = message
  return { id, held: { class: facts.class, lane, reasons, decidedAt, expiresAt } }
}
