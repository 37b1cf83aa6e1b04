// The small mark after a sentence that carries a claim: proven by an example, a definition, or not yet proven.
import type { Claim, Evidence } from './content.ts';
import { escapeHtml } from '../cells/escape.ts';

/** Each state's sign and words; the signs differ in shape, not only in colour. */
export const evidenceWords: Record<Evidence, { sign: string; label: string; text: string }> = {
  proven: { sign: '✓', label: 'Proven', text: 'proven by an example' },
  definition: { sign: '≝', label: 'Definition', text: 'a definition' },
  unproven: { sign: '○', label: 'Not yet proven', text: 'not yet proven by an example' },
  absent: { sign: '–', label: 'Not on a page', text: 'not on a page' },
};

/** One mark for the claims of one sentence, with an anchor for each id. */
export function renderClaimMark(ids: string[], claims: Map<string, Claim>): string {
  const known = ids.map((id) => claims.get(id)).filter((claim) => claim !== undefined);
  if (known.length === 0) return '';
  const rank: Evidence[] = ['unproven', 'definition', 'proven', 'absent'];
  const state = rank.find((each) => known.some((claim) => claim.evidence === each))!;
  const { sign, text } = evidenceWords[state];
  const proof = state === 'proven' ? known.find((claim) => claim.proofs.length > 0)?.proofs[0]?.url : undefined;
  const href = proof ?? `/evidence/#${known[0]!.id}`;
  const label = `Claim ${known.map((claim) => claim.id).join(', ')}: ${text}`;
  const anchors = known.map((claim) => `<span id="claim-${claim.id}"></span>`).join('');
  return (
    `<span class="kb-claim" data-state="${state}" data-pagefind-ignore>${anchors}` +
    `<a href="${href}" title="${escapeHtml(label)}" aria-label="${escapeHtml(label)}">${sign}</a></span>`
  );
}
