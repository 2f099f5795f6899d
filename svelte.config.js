/** Read by Vite, svelte-check and the linter, so that all three see the same Svelte. */
export default { compilerOptions: { runes: true } };
