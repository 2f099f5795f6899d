/** The window without the program: every screen on made-up records. Served by Vite in development, never built. */
import { mount } from 'svelte';
import '../app.css';
import { createFake } from './fake/fake.ts';

const wanted = new URLSearchParams(location.search);
Object.defineProperty(window, 'workstation', {
  value: createFake({
    language: wanted.get('language') === 'zh' ? 'zh' : 'en',
    theme: wanted.get('theme') === 'dark' ? 'dark' : 'light',
    empty: wanted.has('empty'),
    still: wanted.has('still'),
  }),
});
const { default: App } = await import('../App.svelte');
mount(App, { target: document.getElementById('app')! });
