/** For tests: the operations of a graph, from its definition. */
import { fieldsOf } from '../engine/binding/protobuf.ts';

export interface GraphNode {
  readonly name: string;
  readonly kind: string;
  /** `^name` where only the order counts. */
  readonly inputs: readonly string[];
  /** Types (numbers of tensorflow/core/framework/types.proto) by attribute; an attribute that is a list has several. */
  readonly types: ReadonlyMap<string, readonly number[]>;
}

const text = new TextDecoder();
const within = (message: Uint8Array, number: number): readonly Uint8Array[] =>
  [...fieldsOf(message)].filter((field) => field.number === number).map(({ bytes }) => bytes);

/** AttrValue: `type` is field 6; of `list`, field 1, the types are packed into field 6. */
function typesIn(value: Uint8Array): readonly number[] {
  const own = [...fieldsOf(value)].filter(({ number }) => number === 6).map((field) => field.value);
  return [...own, ...within(value, 1).flatMap((list) => within(list, 6).flatMap((packed) => [...packed]))];
}

/** @param definition bytes of a GraphDef */
export function nodesIn(definition: Uint8Array): readonly GraphNode[] {
  return within(definition, 1).map((node) => {
    const one = (number: number): string => text.decode(within(node, number)[0]);
    const attributes = within(node, 5).map(
      (entry) => [text.decode(within(entry, 1)[0]), typesIn(within(entry, 2)[0] ?? new Uint8Array(0))] as const,
    );
    const inputs = within(node, 3).map((bytes) => text.decode(bytes));
    return { name: one(1), kind: one(2), inputs, types: new Map(attributes.filter(([, types]) => types.length > 0)) };
  });
}
