// What <biji-pad> says, in the language of the element or of the page around it.
const kWords = {
  en: {
    pad: 'Handwriting', hint: 'Write here', undo: 'Undo', redo: 'Redo', clear: 'Clear', retry: 'Try again',
    readings: 'Readings', read: (text) => `Read as ${text}`, empty: 'Empty', required: 'Please write something.',
    keys: 'Draw with a mouse, finger or pen. Control Z undoes, Control Y redoes, Delete clears.',
  },
  zh: {
    pad: '手写区', hint: '请在此书写', undo: '撤销', redo: '重做', clear: '清空', retry: '重试',
    readings: '识别结果', read: (text) => `识别为${text}`, empty: '空白', required: '请书写内容。',
    keys: '用鼠标、手指或笔书写。Control Z 撤销，Control Y 重做，Delete 清空。',
  },
};

/** The words for element: its own lang, or the nearest around it; English where there are none. */
export function wordsFor(element) {
  const lang = element.closest('[lang]')?.lang || document.documentElement.lang;
  return kWords[lang.toLowerCase().split('-')[0]] ?? kWords.en;
}
