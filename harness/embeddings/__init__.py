"""Texts as vectors, offline: MiniLM on onnxruntime, a hashing fallback, and the cache of vectors."""

from harness.embeddings.cache import CachedEmbedder as CachedEmbedder
from harness.embeddings.hashing import HashingEmbedder as HashingEmbedder
from harness.embeddings.load import cached as cached
from harness.embeddings.load import load_embedder as load_embedder
from harness.embeddings.minilm import MiniLM as MiniLM
from harness.embeddings.protocol import MAX_CHARS as MAX_CHARS
from harness.embeddings.protocol import Embedder as Embedder
from harness.embeddings.protocol import embed_query as embed_query
from harness.embeddings.protocol import rows_of as rows_of
from harness.embeddings.protocol import well_formed as well_formed
