/** Print settings of a report: A4, portrait, with the title and page number at the foot of every page. */

const foot = [
  'width:100%;margin:0 17mm;padding-top:2mm;display:flex;justify-content:space-between;align-items:baseline;gap:8mm',
  'border-top:.5pt solid #c6c6bf;color:#5b5d61',
  "font:7.5pt system-ui,'Noto Sans','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',sans-serif",
].join(';');

/** For Electron's `printToPDF`. The margins are the page's own (`style.ts`). Chromium fills `title`, `pageNumber` and `totalPages`. */
export const printOptions = {
  pageSize: 'A4',
  landscape: false,
  printBackground: true,
  preferCSSPageSize: true,
  generateTaggedPDF: true,
  generateDocumentOutline: true,
  displayHeaderFooter: true,
  headerTemplate: '<span></span>',
  footerTemplate: `<div style="${foot}"><span class="title"></span><span><span class="pageNumber"></span>&nbsp;/&nbsp;<span class="totalPages"></span></span></div>`,
} as const;
