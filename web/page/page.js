// The page: shows in large type what <biji-pad> reads, and reads photos with the same recogniser.
import './biji.js';
import './result.js';
import './status.js';
import './models.js';
import './photo.js';
import './embed.js';
import './offline.js';
