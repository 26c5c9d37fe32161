"""Passages of your articles in LangChain: put the retriever where a chain expects one."""

from qa import Config, Engine
from qa.adapters.langchain import ArticlesRetriever

with Engine.open(Config()) as engine:
    retriever = ArticlesRetriever(engine=engine, top_k=3)
    for document in retriever.invoke("Which forums do India and Russia cooperate through?"):
        facts = document.metadata
        print(f"{facts['document']} {facts['start']}–{facts['end']}: {document.page_content[:70]}…")

    # A question that the articles do not answer: the nearest passages say so, or there are none.
    unanswered = "Who won the World Cup in 2018?"
    print(retriever.invoke(unanswered)[0].metadata["refusal"])
    print(ArticlesRetriever(engine=engine, only_answers=True).invoke(unanswered))
