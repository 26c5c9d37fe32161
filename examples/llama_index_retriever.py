"""Passages of your articles in LlamaIndex: give the retriever to a query engine."""

from qa import Config, Engine
from qa.adapters.llama_index import ArticlesRetriever

with Engine.open(Config()) as engine:
    retriever = ArticlesRetriever(engine, top_k=3)
    for found in retriever.retrieve("Which forums do India and Russia cooperate through?"):
        node = found.node
        print(f"{found.score:.2f} {node.ref_doc_id} {node.start_char_idx}–{node.end_char_idx}: {node.text[:70]}…")

    answer = retriever.answer("Who won the World Cup in 2018?")
    print("answered" if answer.answerable else "not in the articles")
