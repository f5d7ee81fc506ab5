import { expect, it } from 'vitest'
import { characterSets, controls, slotTypes } from '../../templates/definition.ts'
import { sampleNames as samples } from '../../templates/samples.ts'
import { sampleNames, TemplateBody } from './template-contract.ts'

// The contract imports nothing of the templates, so that thin clients can have it: what it says again must be the same.

it('names the samples that there are', () => {
  expect(sampleNames).toEqual(samples)
})

it.each([
  ['types of slots', slotTypes],
  ['who controls a slot', controls],
  ['sets of characters', characterSets],
])('describes the %s that a template may have', (_, words) => {
  expect(JSON.stringify(TemplateBody)).toContain(`"enum":${JSON.stringify(words)}`)
})
