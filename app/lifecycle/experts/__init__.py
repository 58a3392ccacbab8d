"""The pool of experts (评价专家库) of each authority."""
