import { broughtKeys, headers, keyIds, parties, subjects, times } from './token-claims.js'
import {
  brokenSignatures,
  carriedSignatures,
  otherAlgorithms,
  otherKeys,
  symmetric,
  unsigned,
} from './token-forgeries.js'
import { encodings, mistyped, oversized, spellings, truncated } from './token-texts.js'
import type { CorpusNeeds, Suspect } from './tokens.js'

const FAMILIES = {
  unsigned,
  symmetric,
  'other algorithms': otherAlgorithms,
  'other keys': otherKeys,
  'key ids': keyIds,
  'keys brought along': broughtKeys,
  headers,
  times,
  'issuer and audience': parties,
  'user, session, role': subjects,
  'broken signatures': brokenSignatures,
  'signatures carried over': carriedSignatures,
  'JSON spellings': spellings,
  encodings,
  truncated,
  mistyped,
  oversized,
} satisfies Record<string, (needs: CorpusNeeds) => Suspect[]>

/** Everything that has been tried on verifiers of JSON Web Tokens, by family. See RFC 8725 for most of it. */
export const createTokenCorpus = (needs: CorpusNeeds): Readonly<Record<string, readonly Suspect[]>> =>
  Object.fromEntries(Object.entries(FAMILIES).map(([name, family]) => [name, family(needs)]))
