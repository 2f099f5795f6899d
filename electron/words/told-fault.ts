/** A fault as a text for a person, where there is no page to show it on. */
import type { Fault } from '../../trainer/protocol/fault.ts';
import type { Language } from '../api/settings.ts';
import { faultInWords } from './faults.ts';
import { sentenceIn } from './sentences.ts';

/** In English its message; in Chinese what happened, and why: the message itself where that is not known. */
export function toldFault(language: Language, fault: Fault): string {
  if (language !== 'zh') return fault.message;
  const { reason, values } = fault;
  if (reason === undefined) return `${faultInWords('zh', fault)}（${fault.message}）`;
  const path = values['path'] === undefined ? '' : `${values['path']}：`;
  return `${faultInWords('zh', fault)}${path}${sentenceIn('zh', reason, String)}。`;
}
