import { describe, expect, it } from 'vitest';
import { createRegistry, methods, optimizers, schedules } from './registry.ts';

const recipe = (id: string) => ({ method: { id } });

describe('createRegistry', () => {
  it('finds recipes by id, in order', () => {
    const registry = createRegistry('method', { './methods/b.ts': recipe('b'), './methods/a.ts': recipe('a') });
    expect(registry.all.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(registry.get('b').id).toBe('b');
  });

  it('lists the known ids for an unknown one', () => {
    const registry = createRegistry('method', { './methods/vicreg.ts': recipe('vicreg') });
    expect(() => registry.get('vicregg')).toThrow('No method "vicregg". Known: vicreg.');
  });

  it('refuses a file without its export, of another name, and a second of one id', () => {
    expect(() => createRegistry('method', { './methods/a.ts': {} })).toThrow('exports no "method"');
    expect(() => createRegistry('method', { './methods/a.ts': recipe('b') })).toThrow('call it b.ts');
    expect(() => createRegistry('method', { './one/a.ts': recipe('a'), './two/a.ts': recipe('a') })).toThrow(
      'Two files',
    );
  });
});

it('holds the recipes of this build', () => {
  expect(methods.all.map(({ id }) => id)).toEqual(expect.arrayContaining(['supervised', 'vicreg']));
  expect(optimizers.all.map(({ id }) => id)).toEqual(expect.arrayContaining(['adamw', 'lars', 'sgd']));
  expect(schedules.all.map(({ id }) => id)).toEqual(
    expect.arrayContaining(['constant', 'cosine-per-epoch', 'warmup-cosine']),
  );
});
